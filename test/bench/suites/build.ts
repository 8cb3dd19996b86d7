import { type Scratch, scratch } from "../../support/bucket/scratch.ts";
import { hostAt } from "../../support/simulated-fleet/index.ts";
import { type Cost, maandProcess, measuredOf, NODE, type Suite, type Table } from "../suite.ts";

const RUNS = 3;
const SIZES = [
  [64, 10],
  [250, 50],
  [1_000, 50],
] as const;

/**
 * First builds, unchanged builds, builds after one edit, and builds of a chain of jobs that each depend on the previous
 * one.
 */
export const build: Suite = async (workers, jobs = 50) => {
  const tables = [];
  for (const [ofWorkers, ofJobs] of workers === undefined ? SIZES : [[workers, jobs] as const])
    tables.push(await builds(ofWorkers, ofJobs));
  return [...tables, await chainOf(200)];
};

async function builds(workers: number, jobs: number): Promise<Table> {
  const costs = { baseline: [], first: [], unchanged: [], edited: [] } satisfies Record<string, Cost[]>;
  const all: Record<string, Cost[]> = costs;
  for (let run = 0; run < RUNS; run += 1) {
    const bucket = await scratch('transport = "local"\n');
    const built = () => maandProcess(bucket.root, ["build"]);
    try {
      writeBuild(bucket, workers, jobs);
      all.baseline?.push(await NODE.run());
      all.first?.push(await built());
      all.unchanged?.push(await built());
      bucket.write("workspace/jobs/job0/a.conf", `edited ${run}\n`);
      all.edited?.push(await built());
    } finally {
      bucket.dispose();
    }
  }
  const isLarge = workers === 1_000 && jobs === 50;
  const baseline = NODE.name;
  return {
    title: `build: ${workers} workers x ${jobs} jobs`,
    rows: [
      measuredOf({ name: baseline }, costs.baseline),
      measuredOf({ name: "first build", baseline, ...(isLarge && { goal: 8 }) }, costs.first),
      measuredOf({ name: "unchanged build", baseline, ...(isLarge && { goal: 6 }) }, costs.unchanged),
      measuredOf({ name: "build after one file was edited", baseline }, costs.edited),
    ],
  };
}

/** Writes a workspace without templates. */
export function writeBuild(bucket: Scratch, workers: number, jobs: number): void {
  bucket.workers(...Array.from({ length: workers }, (_, at) => ({ host: hostAt(at), labels: [`zone${at % 4}`] })));
  for (let job = 0; job < jobs; job += 1)
    bucket.job(
      `job${job}`,
      { version: "1.0.0", selectors: ["worker"] },
      { "a.conf": `a ${job}\n`, "conf/b.conf": "b\n".repeat(200) },
    );
}

/** A chain of jobs, each of which depends on the previous job. */
async function chainOf(length: number): Promise<Table> {
  const bucket = await scratch('transport = "local"\n');
  try {
    bucket.workers({ host: "127.0.0.11" });
    for (let job = 0; job < length; job += 1) {
      const demands = job === 0 ? {} : { demands: { job: `job${job - 1}`, command: "command_ready" } };
      bucket.job(
        `job${job}`,
        { version: "1.0.0", selectors: ["worker"], commands: { command_ready: { executed_on: ["cli"], ...demands } } },
        { "_modules/command_ready.py": "\n" },
      );
    }
    const rows = [
      measuredOf({ name: NODE.name }, [await NODE.run()]),
      measuredOf({ name: "first build", baseline: NODE.name }, [await maandProcess(bucket.root, ["build"])]),
    ];
    return { title: `build: a chain of ${length} jobs`, rows };
  } finally {
    bucket.dispose();
  }
}
