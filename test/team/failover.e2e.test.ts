import { renameSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from "vitest";
import { type Postgres, startPostgres } from "../support/postgres/postgres.ts";
import { type Standby, startStandby } from "../support/postgres/standby.ts";
import { ENVIRONMENT, type TeamBucket, teamBucket } from "../support/postgres/team-bucket.ts";

/** Each test has its own two servers: a primary, and a standby with streaming replication. */
let primary: Postgres;
let standby: Standby;
let url = "";
let bucket: TeamBucket;
beforeAll(() => {
  process.env.PGPASSWORD = ENVIRONMENT.PGPASSWORD;
});
afterAll(() => {
  delete process.env.PGPASSWORD;
});
beforeEach(async () => {
  primary = await startPostgres();
  const one = primary.database();
  standby = await startStandby(primary);
  url = one.replace(`:${primary.port}/`, `:${primary.port},127.0.0.1:${standby.port}/`);
  bucket = await teamBucket(url);
});
afterEach(async () => {
  bucket.dispose();
  await standby.dispose();
  await primary.dispose();
});

const DONE = ["restart 1.0.0", "restart 1.0.0"];

/** Kills the primary and promotes the standby. */
async function failOver(): Promise<void> {
  await primary.kill();
  await standby.promote();
}

it("a deploy continues without a failure if a standby with all data takes over", async () => {
  const run = await bucket.deployTo("1.0.0");
  await standby.caughtUp();
  await failOver();
  bucket.open();
  expect(await run.ended).toMatchObject({ code: 0 });
  expect(bucket.starts("1.0.0")).toEqual(DONE);
  expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
  expect(bucket.starts("1.0.0")).toEqual(DONE);
});

it("a command waits for the promotion of the standby, up to its timeout", async () => {
  await standby.caughtUp();
  await primary.kill();
  const waiting = bucket.start(["cat", "deployments"], { env: ENVIRONMENT });
  await standby.promote();
  expect(await waiting.ended).toMatchObject({ code: 0 });
});

it("a command reports that no server accepts writes", async () => {
  bucket.write("maand.conf", `store_timeout = 5\n${bucket.read("maand.conf")}`);
  await primary.kill();
  const { code, stderr } = await bucket.maand("deploy");
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("accepts writes") });
  expect(stderr).not.toContain("secret");
});

it("a command refuses a standby that lacks commits; after a restore from its working copy, nothing runs again", async () => {
  const run = await bucket.deployTo("1.0.0");
  await standby.caughtUp();
  await standby.detach();
  bucket.open();
  expect(await run.ended).toMatchObject({ code: 0 });
  await failOver();
  for (const command of ["deploy", "build", "status"])
    expect(await bucket.maand(command)).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/has lost changes: it is at revision \d+, and this copy has seen revision \d+/),
    });
  expect(bucket.starts("1.0.0")).toEqual(DONE);
  await bucket.type("maand store backup --offline state.db\nmaand store restore state.db");
  expect(await bucket.maand("deploy")).toMatchObject({ code: 0 });
  expect(bucket.starts("1.0.0")).toEqual(DONE);
  expect(await bucket.rollouts()).toMatchObject({ "api@127.0.0.11": "promoted", "api@127.0.0.12": "promoted" });
});

it("a lifecycle command whose record is lost in a failover does not run again, because workers keep receipts", async () => {
  const run = await bucket.deployTo("1.0.0");
  const begun = bucket.hosts.filter((host) => startsOn(host) === 1);
  expect(begun).toHaveLength(1);
  await standby.caughtUp();
  await standby.detach();
  bucket.open();
  expect(await run.ended).toMatchObject({ code: 0 });
  await failOver();
  const id = standby.sql(url.replace(/@.*\//, "@127.0.0.1/"), "SELECT id FROM maand.bucket");
  for (const end of ["", "-wal", "-shm"]) moveAway(join(bucket.root, `data/maand.db${end}`));
  await bucket.type(`maand clone ${url.replace(":secret@", "@")} . --bucket ${id}\nmaand deploy`);
  // the database has lost the record of the start on the other worker
  expect(bucket.hosts.map(startsOn)).toEqual(bucket.hosts.map((host) => (begun.includes(host) ? 1 : 2)));
  expect(await bucket.maand("doctor")).toMatchObject({ code: 0 });
  expect(await bucket.rollouts()).toMatchObject({ "api@127.0.0.11": "promoted", "api@127.0.0.12": "promoted" });
});

function startsOn(host: string): number {
  return bucket.lifecycle("api", host).filter((line) => line === "restart 1.0.0").length;
}

function moveAway(file: string): void {
  try {
    renameSync(file, `${file}.away`);
  } catch {
    // this file exists only while the store is open
  }
}
