import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findBucket, Store } from "@maand/core/internal";
import { afterAll, beforeAll, expect, it } from "vitest";
import { initialised, typedIn } from "../../run/typed.test.support.ts";

const DAY = 86_400_000;

let root: string;
let start: Date;
let now: Date;
let typed: ReturnType<typeof typedIn>;

beforeAll(async () => {
  const made = await initialised();
  // certificates expire at a whole second, so the number of days left would be one higher at the start of a second
  start = new Date(Math.floor(Date.now() / 1000) * 1000 + 500);
  now = start;
  root = mkdtempSync(join(tmpdir(), "maand-cat-certs-"));
  cpSync(made, root, { recursive: true });
  rmSync(made, { recursive: true });
  typed = typedIn(root, () => now);
  write("maand.conf", 'certs_key = "ecdsa-p256"\ncerts_renewal_buffer = 10\n');
  write("workspace/workers.json", '["10.0.0.1", "10.0.0.2"]'.replace(/"[^"]+"/g, '{ "host": $& }'));
  for (const job of ["api", "db"]) {
    write(`workspace/jobs/${job}/Makefile`, "start:\n");
    write(
      `workspace/jobs/${job}/manifest.json`,
      JSON.stringify({ selectors: ["worker"], certs: { web: { subject: { common_name: `${job}.example` } } } }),
    );
  }
  const { code, err } = await typed("build");
  if (code !== 0) throw new Error(err);
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

function write(path: string, text: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

async function records(...argv: string[]): Promise<Record<string, unknown>[]> {
  return JSON.parse((await typed("cat", "certs", "--json", ...argv)).out);
}

const places = (rows: readonly Record<string, unknown>[]) =>
  rows.map(({ scope, job, worker, cert }) => [scope, job, worker, cert].join(" "));

it("maand cat certs prints the documented records, the CA first", async () => {
  const rows = await records();
  expect(places(rows)).toEqual([
    "ca   ca",
    "job api 10.0.0.1 web",
    "job api 10.0.0.2 web",
    "job db 10.0.0.1 web",
    "job db 10.0.0.2 web",
  ]);
  expect(rows[0]).toEqual({
    scope: "ca",
    job: null,
    worker: null,
    cert: "ca",
    common_name: "bucket",
    not_after: expect.stringMatching(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$/),
    days_left: expect.any(Number),
    status: "ok",
  });
  expect(rows[1]).toMatchObject({ common_name: "api.example", days_left: 59, status: "ok" });
});

it("maand cat certs filters by job and worker, always shows the CA, and refuses an unknown name", async () => {
  expect(places(await records("--jobs", "db", "--workers", "10.0.0.2"))).toEqual(["ca   ca", "job db 10.0.0.2 web"]);
  for (const filter of [
    ["--jobs", "none"],
    ["--workers", "10.0.0.9,10.0.0.1"],
  ])
    expect(await typed("cat", "certs", ...filter)).toMatchObject({ code: 2, out: "" });
});

it.each([
  [49, "ok", 10],
  [50.5, "expiring", 9],
  [59.5, "expiring", 0],
  [60.5, "expired", 0],
  [62, "expired", -2],
])("a certificate that is %d days old is shown as %s", async (days, status, left) => {
  now = new Date(start.getTime() + days * DAY);
  const rows = await records("--jobs", "api");
  now = start;
  expect(rows[0]).toMatchObject({ status: "ok" });
  expect(rows[1]).toMatchObject({ status, days_left: left });
});

it("maand cat certs marks certificates that are not valid yet, and a CA that expires soon", async () => {
  now = new Date(start.getTime() - DAY);
  expect((await records("--jobs", "api")).map(({ status }) => status)).toEqual(Array(3).fill("not_yet_valid"));
  now = new Date(start.getTime() + (3650 - 59) * DAY);
  expect((await records("--jobs", "api"))[0]).toMatchObject({ scope: "ca", status: "expiring", days_left: 58 });
  now = start;
});

it("maand cat certs shows a table without keys, and marks unreadable certificates as invalid", async () => {
  rmSync(join(root, "secrets/kv.key"));
  const store = Store.open(findBucket(root).store);
  const damaged = { key: "certs/web.crt", value: "x", version: 2, createdDate: 0, deleted: false };
  store.kv.append("maand/job/db/worker/10.0.0.2", damaged);
  store.close();
  const { code, out } = await typed("cat", "certs");
  expect(code).toBe(0);
  expect(out).toMatch(/│ SCOPE │ JOB │ WORKER +│ CERT │ COMMON_NAME +│ NOT_AFTER +│ DAYS_LEFT │ STATUS +│/);
  expect(out).toMatch(/│ job +│ db +│ 10.0.0.1 │ web +│ db.example +│ [-0-9: ]+ UTC │ +59 │ ok +│/);
  expect(out).toMatch(/│ job +│ db +│ 10.0.0.2 │ web +│ +│ +│ +│ invalid │/);
  expect((await records()).at(-1)).toMatchObject({ common_name: null, not_after: null, days_left: null });
});
