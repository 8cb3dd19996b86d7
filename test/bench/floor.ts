import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Remote } from "@maand/core";
import { createHooks } from "@maand/core/internal";
import { stageContext } from "@maand/core/testing";
import { rsync } from "@maand/plugin-rsync";
import { type Fleet, remotesFor } from "../support/fleet/index.ts";
import type { Measured } from "./table.ts";

/**
 * The least a deploy can take on this machine: connect all workers, one rsync to each, and one bare `make` for each
 * allocation through a channel of its own, everything side by side and nothing else done.
 */
export async function floorOf(fleet: Fleet, jobs: number): Promise<Measured[]> {
  const workerRemotes = remotesFor(fleet);
  const hooks = createHooks();
  void rsync().apply(hooks);
  const source = mkdtempSync(join(tmpdir(), "maand-floor-"));
  try {
    for (let job = 0; job < jobs; job += 1) writeTree(source, job);
    const began = performance.now();
    const remotes = await Promise.all(fleet.workers.map((worker) => workerRemotes.connect(worker)));
    const connected = performance.now();
    await Promise.all(
      remotes.map((remote) => hooks.stage.promise(stageContext({ remote, sources: [source], jobs: jobNames(jobs) }))),
    );
    const synced = performance.now();
    await Promise.all(remotes.map((remote) => makeAll(remote, jobs)));
    const made = performance.now();
    await Promise.all(remotes.map((remote) => remote.exec(["rm", "-rf", remote.root], { asRoot: true })));
    await workerRemotes.close();
    return [
      { name: "floor: connect", ms: [connected - began] },
      { name: "floor: rsync", ms: [synced - connected] },
      { name: "floor: make", ms: [made - synced] },
      { name: "floor", ms: [made - began] },
    ];
  } finally {
    rmSync(source, { recursive: true, force: true });
  }
}

function jobNames(jobs: number): string[] {
  return Array.from({ length: jobs }, (_, job) => `job${job}`);
}

async function makeAll(remote: Remote, jobs: number): Promise<void> {
  await Promise.all(
    jobNames(jobs).map((job) =>
      remote.exec(["make", "-s", "-C", `${remote.root}/jobs/${job}`, "start"], { asRoot: true }),
    ),
  );
}

function writeTree(source: string, job: number): void {
  const directory = join(source, "jobs", `job${job}`);
  mkdirSync(join(directory, "conf"), { recursive: true });
  writeFileSync(join(directory, "Makefile"), "start:\n\t@:\n");
  for (let file = 0; file < 5; file += 1)
    writeFileSync(join(directory, "conf", `${file}.conf`), `setting = ${job}.${file}\n`.repeat(50));
}
