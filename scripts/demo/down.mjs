import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDemo } from "./bucket.mjs";
import { endProcessesBelow } from "./processes.mjs";
import { Refused } from "./refused.mjs";
import { print } from "./say.mjs";

const BUSY = 3;

/**
 * Takes a demo down the way a bucket is emptied: an empty list of workers and no jobs, then build and deploy; then its
 * directory is removed. What maand cannot stop, because the bucket is half made or broken, is ended directly. False if there
 * is none.
 */
export async function takeDown(shell, name) {
  const { directory } = shell;
  if (!isDemo(directory)) return false;
  print(`Taking down ${name}: no workers, no jobs.`);
  if (existsSync(join(directory, "data/maand.db"))) await empty(shell);
  const ended = await endProcessesBelow(directory);
  if (ended > 0)
    print(`${ended} ${ended === 1 ? "process" : "processes"} maand did not know of had to be ended directly.`);
  rmSync(directory, { recursive: true, force: true });
  return true;
}

async function empty(shell) {
  const workspace = join(shell.directory, "workspace");
  rmSync(join(workspace, "disabled.json"), { force: true });
  rmSync(join(workspace, "jobs"), { recursive: true, force: true });
  mkdirSync(join(workspace, "jobs"), { recursive: true });
  writeFileSync(join(workspace, "workers.json"), "[]\n");
  for (const command of ["maand build", "maand deploy"]) {
    const code = await shell.attempt(command);
    if (code === BUSY) throw new Refused(`another maand works in ${shell.directory}; try again when it is done`, BUSY);
    if (code !== 0) return;
  }
}
