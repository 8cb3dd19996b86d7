import { type Scratch, scratch } from "../support/bucket/scratch.ts";
import { withFleet } from "../support/fleet/index.ts";
import { channelsOf, must } from "./on-fleet.ts";
import { runBare } from "./suites/bare-program.ts";
import { median, tableOf } from "./table.ts";

const RUNS = 5;
/** Files of a job in addition to its manifest and Makefile. */
const FILES = 6;

/**
 * `maand drift` on `count` clean workers with ten jobs of eight files each, compared with one connection and one
 * channel for each worker: in a program with bare ssh2, which starts like maand, and in this process, which is already
 * warm. The contenders run in turns.
 */
export async function drift(count = 64, jobs = 10): Promise<void> {
  await withFleet({ count }, async (fleet) => {
    const bucket = await scratch(fleet.conf);
    try {
      bucket.workers(...fleet.workersJson());
      for (let job = 0; job < jobs; job += 1) writeJob(bucket, job);
      await must(bucket, "deploy", "--build", "-q");
      const bare: number[] = [];
      const warm: number[] = [];
      const compared: number[] = [];
      const idle: number[] = [];
      for (let run = 0; run <= RUNS; run += 1) {
        const { ms: program } = await runBare(fleet, ["true"]);
        const baseline = await channelsOf(fleet, "true");
        const took = await must(bucket, "drift", "--exit-code", "-q");
        const started = await must(bucket, "plugins");
        if (run > 0) bare.push(program) && warm.push(baseline) && compared.push(took) && idle.push(started);
      }
      const ratio = (to: readonly number[]) => (median(compared) / median(to)).toFixed(2);
      console.log(
        tableOf([
          { name: `baseline: a program with bare ssh2: connect ${count} workers, one channel each`, ms: bare },
          { name: "the same in a warm process, without its start", ms: warm },
          {
            name: `drift of ${count * jobs * (FILES + 2)} files, the whole process`,
            ms: compared,
            note: `${ratio(bare)} x baseline, ${ratio(warm)} x without a start`,
          },
          { name: "maand plugins: a process that loads everything and does nothing", ms: idle },
        ]),
      );
    } finally {
      bucket.dispose();
    }
  });
}

function writeJob(bucket: Scratch, job: number): void {
  const conf = Array.from({ length: FILES }, (_, file) => [
    `conf/${file}.conf`,
    `setting = ${job}.${file}\n`.repeat(50),
  ]);
  bucket.job(
    `job${job}`,
    { version: "1.0.0", selectors: ["worker"], max_concurrent_upgrades: 64 },
    { Makefile: "start stop restart:\n\t@true\n", ...Object.fromEntries(conf) },
  );
}
