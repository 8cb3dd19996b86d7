import { scratch } from "../../support/bucket/scratch.ts";
import { alternate, type Contender, maandProcess, NODE, type Suite, type Table } from "../suite.ts";
import { writeBuild } from "./build.ts";
import { promoteAll } from "./promoted-bucket.ts";

const RUNS = 5;

/** Dry runs, saved plans and deploys of a bucket in which nothing changed, so that no worker is connected. */
export const plan: Suite = async (workers = 1_000, jobs = 50) => [
  await unchanged(64, 10, 2),
  await unchanged(workers, jobs, 8),
];

/** Measures a bucket of this size. `goal` applies to the dry run and the unchanged deploy. */
export async function unchanged(workers: number, jobs: number, goal: number, runs = RUNS): Promise<Table> {
  const bucket = await scratch('transport = "local"\n');
  try {
    writeBuild(bucket, workers, jobs);
    await maandProcess(bucket.root, ["build"]);
    await promoteAll(bucket.root);
    const contender = (name: string, more: { readonly goal?: number }, ...args: readonly string[]): Contender => ({
      ...{ name, baseline: NODE.name, ...more },
      run: () => maandProcess(bucket.root, args),
    });
    const rows = await alternate(runs, [
      NODE,
      contender("dry run", { goal }, "deploy", "--dry-run"),
      contender("plan --out", {}, "plan", "--out", "plan.json"),
      contender("deploy --plan", {}, "deploy", "-q", "--plan", "plan.json"),
      contender("unchanged deploy", { goal }, "deploy", "-q"),
    ]);
    return { title: `plan: ${workers} workers x ${jobs} jobs, nothing changed`, rows };
  } finally {
    bucket.dispose();
  }
}
