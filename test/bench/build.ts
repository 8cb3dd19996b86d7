import { MAAND } from "../support/bucket/maand.ts";
import { scratch } from "../support/bucket/scratch.ts";
import { measure } from "./process.ts";
import { type Measured, median, tableOf } from "./table.ts";

const RUNS = 5;

/** First builds, unchanged rebuilds and rebuilds after one edit, of a middling and of a large workspace; whole processes. */
export async function build(): Promise<void> {
  const rows: Measured[] = [];
  for (const [workers, jobs] of [
    [64, 10],
    [250, 50],
    [500, 50],
    [1000, 50],
  ] as const)
    rows.push(...(await builds(workers, jobs)));
  rows.push(await chainOf(200));
  console.log(tableOf(rows));
}

async function builds(workers: number, jobs: number): Promise<Measured[]> {
  const name = `${workers} workers x ${jobs} jobs`;
  const first: number[] = [];
  const again: number[] = [];
  const edited: number[] = [];
  const memory: number[] = [];
  for (let run = 0; run < (workers > 100 ? 2 : RUNS); run += 1) {
    const bucket = await scratch('transport = "local"\n');
    try {
      bucket.workers(
        ...Array.from({ length: workers }, (_, at) => ({
          host: `10.${at >> 8}.${at & 255}.1`,
          labels: [`zone${at % 4}`],
        })),
      );
      for (let job = 0; job < jobs; job += 1)
        bucket.job(
          `job${job}`,
          { version: "1.0.0", selectors: ["worker"] },
          { "a.conf": `a ${job}\n`, "conf/b.conf": "b\n".repeat(200) },
        );
      const took = async () => {
        const { ms, mb, code, stderr } = await measure([process.execPath, MAAND, "build"], bucket.root);
        if (code !== 0) throw new Error(stderr);
        memory.push(mb);
        return ms;
      };
      first.push(await took());
      again.push(await took());
      bucket.write("workspace/jobs/job0/a.conf", `edited ${run}\n`);
      edited.push(await took());
    } finally {
      bucket.dispose();
    }
  }
  const note = `${median(memory).toFixed(0)} MB`;
  return [
    { name: `${name}: first build`, ms: first, note },
    { name: `${name}: unchanged`, ms: again },
    { name: `${name}: one file edited`, ms: edited },
  ];
}

/** A chain of jobs, each demanding the one before it. */
async function chainOf(length: number): Promise<Measured> {
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
    const { ms, code, stderr } = await measure([process.execPath, MAAND, "build"], bucket.root);
    if (code !== 0) throw new Error(stderr);
    return { name: `a chain of ${length} jobs: first build`, ms: [ms] };
  } finally {
    bucket.dispose();
  }
}
