import { type Scratch, scratch } from "../support/bucket/scratch.ts";
import { withFleet } from "../support/fleet/index.ts";
import { channelsOf, must } from "./on-fleet.ts";
import { median, tableOf } from "./table.ts";

const RUNS = 5;
/** Files of a job besides its manifest and Makefile. */
const FILES = 6;

/**
 * `maand drift` on so many workers with ten jobs of eight files each, all clean, held against connecting each worker and running
 * one channel, both by turns in the same run.
 */
export async function drift(count = 64, jobs = 10): Promise<void> {
  await withFleet({ count }, async (fleet) => {
    const bucket = await scratch(fleet.conf);
    try {
      bucket.workers(...fleet.workersJson());
      for (let job = 0; job < jobs; job += 1) writeJob(bucket, job);
      await must(bucket, "deploy", "--build", "-q");
      const bare: number[] = [];
      const compared: number[] = [];
      const idle: number[] = [];
      for (let run = 0; run <= RUNS; run += 1) {
        const floor = await channelsOf(fleet, "true");
        const took = await must(bucket, "drift", "--exit-code", "-q");
        const started = await must(bucket, "plugins");
        if (run > 0) bare.push(floor) && compared.push(took) && idle.push(started);
      }
      const ratio = (median(compared) / median(bare)).toFixed(2);
      console.log(
        tableOf([
          { name: `floor: connect ${count} workers, one channel each`, ms: bare },
          {
            name: `drift of ${count * jobs * (FILES + 2)} files, the whole process`,
            ms: compared,
            note: `${ratio} x floor`,
          },
          { name: "maand plugins: a process that loads it all and does nothing", ms: idle },
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
