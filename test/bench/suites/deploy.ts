import { type Scratch, scratch } from "../../support/bucket/scratch.ts";
import { type Fleet, withFleet } from "../../support/fleet/index.ts";
import { writeJob } from "../../support/simulated-fleet/index.ts";
import { type Cost, maandProcess, measuredOf, NODE, type Suite, type Table } from "../suite.ts";
import { baselineOf, clearWorkers } from "./baseline.ts";

const RUNS = 3;

/**
 * First deploys, deploys of one changed job, restarts and deploys without changes on real sshd workers. Each runs in
 * turns with its baseline, the minimum work that it needs.
 */
export const deploy: Suite = async (count = 64, jobs = 10) => {
  const costs = new Map<string, Cost[]>();
  const note = (name: string, cost: Cost) => costs.set(name, [...(costs.get(name) ?? []), cost]);
  await withFleet({ count }, async (fleet) => {
    for (let run = 0; run <= RUNS; run += 1) {
      const bucket = await scratch(fleet.conf);
      try {
        await turn(fleet, bucket, { jobs, note: run === 0 ? () => undefined : note });
      } finally {
        bucket.dispose();
        await clearWorkers(fleet);
      }
    }
  });
  const of = (name: string, more: { readonly baseline?: string; readonly goal?: number } = {}) =>
    measuredOf({ name, ...more }, costs.get(name) ?? []);
  const table: Table = {
    title: `deploy: ${count} workers x ${jobs} jobs x 8 files, sshd on this machine`,
    rows: [
      of(NODE.name),
      of(FIRST_BASELINE),
      of("first deploy", { baseline: FIRST_BASELINE, goal: 1.08 }),
      of(CHANGED_BASELINE),
      of("deploy of one changed job", { baseline: CHANGED_BASELINE, goal: 1.3 }),
      of(RESTART_BASELINE),
      of("job restart of one job", { baseline: RESTART_BASELINE, goal: 1.3 }),
      of("unchanged deploy", { baseline: NODE.name, goal: 2 }),
      of("dry run", { baseline: NODE.name, goal: 2 }),
    ],
  };
  return [table];
};

const FIRST_BASELINE = "baseline: connect, one rsync, one make for each job";
const CHANGED_BASELINE = "baseline: connect, one rsync, one make";
const RESTART_BASELINE = "baseline: connect, one make";

interface Turn {
  readonly jobs: number;
  note(name: string, cost: Cost): unknown;
}

async function turn(fleet: Fleet, bucket: Scratch, { jobs, note }: Turn): Promise<void> {
  bucket.workers(...fleet.workersJson());
  for (let job = 0; job < jobs; job += 1) writeJob(bucket, job, "1.0.0");
  await maandProcess(bucket.root, ["build"]);
  note(NODE.name, await NODE.run());
  note(FIRST_BASELINE, await baselineOf(fleet, { synced: jobs, made: jobs }));
  note("first deploy", await maandProcess(bucket.root, ["deploy", "-q"]));
  note("unchanged deploy", await maandProcess(bucket.root, ["deploy", "-q"]));
  note("dry run", await maandProcess(bucket.root, ["deploy", "--dry-run"]));
  writeJob(bucket, 0, "2.0.0");
  await maandProcess(bucket.root, ["build"]);
  note(CHANGED_BASELINE, await baselineOf(fleet, { synced: 1, made: 1 }));
  note("deploy of one changed job", await maandProcess(bucket.root, ["deploy", "-q"]));
  note(RESTART_BASELINE, await baselineOf(fleet, { synced: 0, made: 1 }));
  note("job restart of one job", await maandProcess(bucket.root, ["job", "restart", "job0", "--yes"]));
}
