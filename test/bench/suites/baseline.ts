import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Remote } from "@maand/core";
import { createHooks } from "@maand/core/internal";
import { stageContext } from "@maand/core/testing";
import { rsync } from "@maand/plugin-rsync";
import { type Fleet, remotesFor } from "../../support/fleet/index.ts";
import type { Cost } from "../suite.ts";

/** The work of a baseline on each worker, in addition to connecting. */
export interface BaselineWork {
  /** Number of jobs whose files are copied with one rsync for each worker; 0 for none. */
  readonly synced: number;
  /** Number of jobs. For each job, one bare `make` runs through a separate channel. */
  readonly made: number;
}

/**
 * Measures the minimum cost of an operation on this machine: connects to all workers at the same time, copies files
 * with rsync, and runs `make`.
 */
export async function baselineOf(fleet: Fleet, { synced, made }: BaselineWork): Promise<Cost> {
  const workerRemotes = remotesFor(fleet);
  const hooks = createHooks();
  void rsync().apply(hooks);
  const source = mkdtempSync(join(tmpdir(), "maand-baseline-"));
  try {
    for (let job = 0; job < Math.max(synced, made); job += 1) writeTree(source, job);
    const began = performance.now();
    await Promise.all(
      fleet.workers.map(async (worker) => {
        const remote = await workerRemotes.connect(worker);
        if (synced > 0) await hooks.stage.promise(stageContext({ remote, sources: [source], jobs: jobNames(synced) }));
        await makeAll(remote, made);
      }),
    );
    return { ms: performance.now() - began };
  } finally {
    await workerRemotes.close();
    rmSync(source, { recursive: true, force: true });
  }
}

/** Deletes the files of baselines and deploys on the workers. */
export async function clearWorkers(fleet: Fleet): Promise<void> {
  const remotes = remotesFor(fleet);
  await Promise.all(
    fleet.workers.map(async (worker) => {
      const remote = await remotes.connect(worker);
      await remote.exec(["find", "/opt/worker", "-mindepth", "1", "-delete"], { asRoot: true });
    }),
  );
  await remotes.close();
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
  for (let file = 0; file < 6; file += 1)
    writeFileSync(join(directory, "conf", `${file}.conf`), `setting = ${job}.${file}\n`.repeat(50));
}
