import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { scratch } from "../support/bucket/scratch.ts";
import { type Postgres, startPostgres } from "../support/postgres/postgres.ts";
import { ENVIRONMENT, type TeamBucket, teamBucket } from "../support/postgres/team-bucket.ts";

let postgres: Postgres;
let bucket: TeamBucket;
let url: string;
beforeAll(async () => {
  process.env.PGPASSWORD = ENVIRONMENT.PGPASSWORD;
  postgres = await startPostgres();
  url = postgres.database();
  bucket = await teamBucket(url);
});
afterAll(async () => {
  delete process.env.PGPASSWORD;
  bucket.dispose();
  await postgres.dispose();
});

it("a clone has the state of the bucket, and lists missing private files", async () => {
  const { bucket_id } = await bucket.json<{ bucket_id: string }>("info");
  const empty = await scratch();
  const place = url.replace(":secret@", "@");
  const cloned = await empty.maand("clone", place, "shop", "--bucket", bucket_id);
  expect(cloned).toMatchObject({ code: 0, stdout: expect.stringContaining("missing: secrets/kv.key") });
  expect(await empty.maand("-C", "shop", "cat", "deployments")).toMatchObject({
    code: 0,
    stdout: (await bucket.maand("cat", "deployments")).stdout,
  });
  expect(await empty.maand("clone", place, "shop", "--bucket", bucket_id)).toMatchObject({ code: 2 });
  const none = await empty.maand("clone", place, "none", "--bucket", "80008209-4900-4d25-9091-112542468735");
  expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining("has no bucket 80008209") });
  expect(existsSync(join(empty.root, "none", "data"))).toBe(false);
  empty.dispose();
});

it("two machines share their pinned host keys, and keep the changes of both", async () => {
  const other = bucket.copy();
  bucket.write("secrets/known_hosts", "one ssh-ed25519 AAAA\n");
  await bucket.type("maand build");
  await other.type("maand build");
  expect(other.read("secrets/known_hosts")).toBe("one ssh-ed25519 AAAA\n");
  other.write("secrets/known_hosts", "one ssh-ed25519 BBBB\n");
  bucket.write("secrets/known_hosts", "one ssh-ed25519 AAAA\ntwo ssh-ed25519 CCCC\n");
  await bucket.type("maand build");
  await other.type("maand build");
  await bucket.type("maand build");
  for (const one of [bucket, other])
    expect(one.read("secrets/known_hosts")).toBe("two ssh-ed25519 CCCC\none ssh-ed25519 BBBB\n");
  other.dispose();
});

it("a run can be followed and read on another machine", async () => {
  const other = bucket.copy();
  const run = await bucket.deployTo("1.0.0");
  const following = other.start(["logs", "show", "--follow", "--run-dir"], { env: ENVIRONMENT });
  bucket.open();
  expect(await run.ended).toMatchObject({ code: 0 });
  const [id = ""] = readdirSync(join(bucket.root, "logs/runs"))
    .filter((name) =>
      readFileSync(join(bucket.root, "logs/runs", name, "events.ndjson"), "utf8").includes('"command":"deploy"'),
    )
    .slice(-1);
  following.kill("SIGINT");
  await following.ended;
  const newest = await other.maand("logs", "show", "--run-dir");
  expect(newest.stdout).toContain("event=run_finished");
  const there = await bucket.maand("logs", "show", "--run-dir");
  expect(newest.stdout).toBe(there.stdout);
  expect(id).not.toBe("");
  other.dispose();
});
