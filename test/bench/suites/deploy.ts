import { type Scratch, scratch } from "../../support/bucket/scratch.ts";
import { type Fleet, withFleet } from "../../support/fleet/index.ts";
import { writeJob } from "../../support/simulated-fleet/index.ts";
import { type Cost, maandProcess, measuredOf, NODE, type Suite, type Table } from "../suite.ts";
import { clearWorkers, floorOf } from "./floor.ts";

const RUNS = 3;

/**
 * First deploys, deploys of one changed job, restarts and deploys without changes on real sshd workers. Each runs in
 * turns with its floor, the minimum work that it needs.
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
  const of = (name: string, more: { readonly floor?: string; readonly goal?: number } = {}) =>
    measuredOf({ name, ...more }, costs.get(name) ?? []);
  const table: Table = {
    title: `deploy: ${count} workers x ${jobs} jobs x 8 files, sshd on this machine`,
    rows: [
      of(NODE.name),
      of(FIRST_FLOOR),
      of("first deploy", { floor: FIRST_FLOOR, goal: 1.08 }),
      of(CHANGED_FLOOR),
      of("deploy of one changed job", { floor: CHANGED_FLOOR, goal: 1.3 }),
      of(RESTART_FLOOR),
      of("job restart of one job", { floor: RESTART_FLOOR, goal: 1.3 }),
      of("unchanged deploy", { floor: NODE.name, goal: 2 }),
      of("dry run", { floor: NODE.name, goal: 2 }),
    ],
  };
  return [table];
};

const FIRST_FLOOR = "floor: connect, one rsync, one make for each job";
const CHANGED_FLOOR = "floor: connect, one rsync, one make";
const RESTART_FLOOR = "floor: connect, one make";

interface Turn {
  readonly jobs: number;
  note(name: string, cost: Cost): unknown;
}

async function turn(fleet: Fleet, bucket: Scratch, { jobs, note }: Turn): Promise<void> {
  bucket.workers(...fleet.workersJson());
  for (let job = 0; job < jobs; job += 1) writeJob(bucket, job, "1.0.0");
  await maandProcess(bucket.root, ["build"]);
  note(NODE.name, await NODE.run());
  note(FIRST_FLOOR, await floorOf(fleet, { synced: jobs, made: jobs }));
  note("first deploy", await maandProcess(bucket.root, ["deploy", "-q"]));
  note("unchanged deploy", await maandProcess(bucket.root, ["deploy", "-q"]));
  note("dry run", await maandProcess(bucket.root, ["deploy", "--dry-run"]));
  writeJob(bucket, 0, "2.0.0");
  await maandProcess(bucket.root, ["build"]);
  note(CHANGED_FLOOR, await floorOf(fleet, { synced: 1, made: 1 }));
  note("deploy of one changed job", await maandProcess(bucket.root, ["deploy", "-q"]));
  note(RESTART_FLOOR, await floorOf(fleet, { synced: 0, made: 1 }));
  note("job restart of one job", await maandProcess(bucket.root, ["job", "restart", "job0", "--yes"]));
}
