import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { withMachine } from "../../packages/core/src/store/lock/holder.ts";
import { type LocalBucket, localBucket } from "../support/bucket/local-bucket.ts";
import { maand } from "../support/bucket/maand.ts";
import { type } from "../support/bucket/shell.ts";
import { type Postgres, startPostgres } from "../support/postgres/postgres.ts";
import { ENVIRONMENT } from "../support/postgres/team-bucket.ts";

interface Finding {
  readonly check: string;
  readonly where: string;
  readonly ok: boolean;
  readonly message: string;
  readonly hint: string | null;
}

const home = mkdtempSync(join(tmpdir(), "maand-team-doctor-"));
let postgres: Postgres;
let url: string;
let bucket: LocalBucket;
beforeAll(async () => {
  process.env.PGPASSWORD = ENVIRONMENT.PGPASSWORD;
  postgres = await startPostgres();
  url = postgres.database();
  bucket = await localBucket(1);
  bucket.job("api", { version: "1.0.0", selectors: ["worker"] });
  await bucket.type(`maand deploy --build\nmaand store move --to ${withoutPassword(url)}\nmaand build`);
});
afterAll(async () => {
  delete process.env.PGPASSWORD;
  bucket.dispose();
  rmSync(home, { recursive: true });
  await postgres.dispose();
});

function withoutPassword(text: string): string {
  return text.replace(":secret@", "@");
}

/** Types a hint into a shell, outside any bucket. */
async function typeHint(line: string): Promise<void> {
  expect(await type(line, home, ENVIRONMENT)).toMatchObject({ code: 0 });
}

async function findings(check?: string): Promise<Finding[]> {
  const all = await bucket.json<Finding[]>("doctor");
  return all.filter((one) => check === undefined || one.check === check);
}

it("doctor reports no problem for a store in PostgreSQL, and shows its place and whether a command is using it", async () => {
  expect((await findings()).filter(({ ok }) => !ok)).toEqual([]);
  expect(await findings("store")).toMatchObject([
    { where: "data/maand.db", message: expect.stringContaining("a working copy") },
    { where: withoutPassword(url), message: expect.stringMatching(/^revision \d+$/) },
  ]);
  expect(await findings("lock")).toMatchObject([{ where: withoutPassword(url), message: "free" }]);
});

it("doctor does not name a dead process of this machine as the holder of the lease", async () => {
  const gone = withMachine({ pid: spawnSync("true").pid, command: "deploy", since: "2026-01-01T00:00:00.000Z" }, "ann");
  const lease = (holder: object) =>
    postgres.sql(
      url,
      `UPDATE maand.lease SET nonce = 'n', holder = '${JSON.stringify(holder)}', expires_at = clock_timestamp() + interval '1 hour'`,
    );
  onTestFinished(() => void postgres.sql(url, "UPDATE maand.lease SET nonce = NULL, holder = NULL, expires_at = NULL"));
  lease({ ...gone, process: "a process that ended", machine: "elsewhere", space: "another machine" });
  expect(await findings("lock")).toMatchObject([{ message: expect.stringContaining("held by maand deploy (ann on ") }]);
  expect(await bucket.maand("unlock")).toMatchObject({ code: 3 });
  lease({ ...gone, process: "a process that ended" });
  expect(await findings("lock")).toMatchObject([{ message: "free" }]);
  expect(await bucket.maand("unlock")).toMatchObject({ code: 0 });
});

it("doctor reports an unreachable database with a hint", async () => {
  bucket.write("maand.conf", `store_timeout = 1\n${bucket.read("maand.conf")}`);
  await postgres.stop();
  const found = await findings("store");
  await postgres.start();
  expect(found).toMatchObject([
    { ok: true, where: "data/maand.db" },
    { ok: false, where: withoutPassword(url), hint: expect.stringMatching(/^# check that the database runs/) },
  ]);
});

it("doctor's hint replaces a damaged working copy without losing data", async () => {
  truncateSync(join(bucket.root, "data/maand.db"), 20_000);
  const [fault, ...others] = (await findings()).filter(({ ok }) => !ok);
  expect(others).toEqual([]);
  expect(fault).toMatchObject({ check: "store", message: expect.stringContaining("damaged") });
  const id = postgres.sql(url, "SELECT id FROM maand.bucket");
  await typeHint((fault?.hint ?? "").replace("'<id>'", id));
  expect((await findings()).filter(({ ok }) => !ok)).toEqual([]);
});

it("init updates a bucket with a store in PostgreSQL, and creates missing files", async () => {
  rmSync(join(bucket.root, "workspace/.schemas"), { recursive: true });
  rmSync(join(bucket.root, "secrets/kv.key"));
  await typeHint((await findings("kv_key"))[0]?.hint ?? "");
  expect(existsSync(join(bucket.root, "workspace/.schemas/manifest.json"))).toBe(true);
  expect(await bucket.maand("init")).toMatchObject({ code: 0, stdout: expect.stringContaining("up to date") });
  expect((await findings()).filter(({ ok }) => !ok)).toEqual([]);
  expect(postgres.sql(url, "SELECT count(*) FROM maand.bucket")).toBe("1");
});

it("init creates no second bucket if the configuration names a database, as after a git clone", async () => {
  const clone = mkdtempSync(join(tmpdir(), "maand-git-clone-"));
  onTestFinished(() => rmSync(clone, { recursive: true }));
  writeFileSync(join(clone, "maand.conf"), bucket.read("maand.conf"));
  mkdirSync(join(clone, "workspace"));
  expect(await maand(["init"], { cwd: clone, env: ENVIRONMENT })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`maand clone ${withoutPassword(url)}`),
  });
  expect(readdirSync(clone).sort()).toEqual(["maand.conf", "workspace"]);
});
