import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isDemo } from "./bucket.mjs";
import { endProcessesBelow } from "./processes.mjs";
import { Refused } from "./refused.mjs";
import { print } from "./say.mjs";

const BUSY = 3;

/**
 * Removes a demo: deletes its workers and jobs, builds and deploys, and then removes its directory. If the bucket is
 * incomplete or damaged, maand cannot stop everything, so the remaining processes are killed. Returns false if there is
 * no demo.
 */
export async function takeDown(shell, name) {
  const { directory } = shell;
  if (!isDemo(directory)) return false;
  print(`Removing ${name}: deleting its workers and jobs.`);
  if (existsSync(join(directory, "data/maand.db"))) await empty(shell);
  const ended = await endProcessesBelow(directory);
  if (ended > 0) print(`Stopped ${ended} remaining ${ended === 1 ? "process" : "processes"}.`);
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
    if (code === BUSY)
      throw new Refused(`another maand command is running in ${shell.directory}; try again when it has finished`, BUSY);
    if (code !== 0) return;
  }
}
