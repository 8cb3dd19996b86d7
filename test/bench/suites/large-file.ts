import { truncateSync, writeFileSync } from "node:fs";
import { scratch } from "../../support/bucket/scratch.ts";
import { withFleet } from "../../support/fleet/index.ts";
import { type Cost, maandProcess, measuredOf, type Table } from "../suite.ts";

const MB = 1_000_000;
const STEPS = ["first build", "unchanged build", "first deploy", "unchanged deploy"] as const;

/**
 * Compares the memory of builds and deploys, first and unchanged, of a job with one large file and of a job with a file
 * of 1 MB. The suite writes the large file three times in TMPDIR.
 */
export async function largeFile(megabytes = 1_000): Promise<Table> {
  const small = await costsWith(1);
  const large = await costsWith(megabytes);
  const rows = STEPS.flatMap((step, at) => {
    const baseline = `baseline: ${step} with a file of 1 MB`;
    return [
      measuredOf({ name: baseline }, small.slice(at, at + 1)),
      measuredOf({ name: step, baseline }, large.slice(at, at + 1)),
    ];
  });
  return { title: `output: one job with a file of ${megabytes} MB, sshd on this machine, one run`, rows };
}

/** The cost of each step, on a worker that no other bucket uses. */
async function costsWith(megabytes: number): Promise<Cost[]> {
  const costs: Cost[] = [];
  await withFleet({ count: 1 }, async (fleet) => {
    const bucket = await scratch(fleet.conf);
    try {
      bucket.workers(...fleet.workersJson());
      bucket.job("api", { version: "1.0.0", selectors: ["worker"] }, { Makefile: "start stop restart:\n\t@:\n" });
      const file = `${bucket.root}/workspace/jobs/api/image.tar`;
      writeFileSync(file, `image of ${megabytes} MB`, { mode: 0o644 });
      truncateSync(file, megabytes * MB);
      for (const step of STEPS)
        costs.push(await maandProcess(bucket.root, [step.endsWith("build") ? "build" : "deploy", "-q"]));
    } finally {
      bucket.dispose();
    }
  });
  return costs;
}
