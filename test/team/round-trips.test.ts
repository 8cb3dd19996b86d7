import { afterAll, beforeAll, expect, it } from "vitest";
import { moveStore } from "../../packages/core/src/bucket/team/move-store.ts";
import { bucketPaths } from "../../packages/core/src/config/find-bucket.ts";
import { deploy } from "../../packages/core/src/deploy/deploy.ts";
import { planDeploy } from "../../packages/core/src/plan/plan-deploy.ts";
import { aBucket, type TestBucket } from "../../packages/core/src/testing/index.ts";
import { type Postgres, startPostgres } from "../support/postgres/postgres.ts";

const JOBS = 10;
const OPTIONS = { jobs: [], force: false, syncOnly: false };

let postgres: Postgres;
beforeAll(async () => {
  process.env.PGPASSWORD = "secret";
  postgres = await startPostgres();
});
afterAll(async () => {
  delete process.env.PGPASSWORD;
  await postgres.dispose();
});

function write(bucket: TestBucket, job: number, version: string): void {
  bucket.job(`j${job}`, { selectors: ["worker"], version, max_concurrent_upgrades: 64 });
}

/** The round trips to the database of a command, from opening the bucket to closing it. */
async function trips(bucket: TestBucket, command: "deploy" | "dry run"): Promise<number> {
  const opened = await bucket.open();
  const { workingCopy } = opened.store;
  try {
    if (command === "dry run") await planDeploy(opened, OPTIONS);
    else expect(await deploy(opened, OPTIONS)).toMatchObject({ outcome: "ok" });
  } finally {
    await opened.close();
  }
  return workingCopy?.authority.trips ?? 0;
}

it.each([8, 64])(
  "deploys and dry runs of ten jobs on %d workers take few round trips to the database",
  async (count) => {
    const bucket = aBucket();
    bucket.workers(...Array.from({ length: count }, (_, at) => `10.0.0.${at + 1}`));
    for (let job = 0; job < JOBS; job += 1) write(bucket, job, "1.0.0");
    await bucket.ship();
    const url = postgres.database().replace(":secret@", "@");
    moveStore(bucketPaths(bucket.root), url, { pid: process.pid, now: () => new Date() });
    const unchanged = await trips(bucket, "deploy");
    const dryRun = await trips(bucket, "dry run");
    write(bucket, 3, "2.0.0");
    await bucket.build();
    const changed = await trips(bucket, "deploy");
    expect(unchanged).toBeLessThanOrEqual(12);
    expect(dryRun).toBeLessThanOrEqual(8);
    expect(changed).toBeLessThanOrEqual(40);
    bucket.dispose();
  },
);
