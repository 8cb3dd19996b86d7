import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Fleet, startFleet } from "../../support/fleet/index.ts";
import { GO_BUCKET_ID, GO_HOSTS, type GoBucket, goBucket } from "../../support/go-bucket/go-bucket.ts";

const [A, B, C] = GO_HOSTS;
const JOBS = ["api", "web", "db", "old"];

let fleet: Fleet;
let bucket: GoBucket;

beforeAll(async () => {
  fleet = await startFleet({ count: 3, addresses: GO_HOSTS });
});

afterAll(() => fleet.close());

beforeEach(async () => {
  bucket = await goBucket(fleet);
});

afterEach(() => bucket.dispose());

/** All targets that have run on the workers since the last deploy of the Go program, as `job@host: line`. */
async function ran(): Promise<string[]> {
  const all = JOBS.flatMap((job) => GO_HOSTS.map((host) => ({ job, host })));
  const lines = await Promise.all(
    all.map(async ({ job, host }) => (await bucket.ran(job, host)).map((line) => `${job}@${host}: ${line}`)),
  );
  return lines.flat().sort();
}

async function run(...words: readonly string[]): Promise<string> {
  const ended = await bucket.maand(...words);
  expect(ended).toMatchObject({ code: 0 });
  return ended.stdout;
}

describe("an imported bucket of the Go program", () => {
  it("has nothing to deploy, and its import ran no lifecycle command", async () => {
    expect(await run("import")).toContain("imported; no job was restarted");
    expect(await run("deploy", "--dry-run", "--exit-code")).toContain("no deployment required");
    await run("deploy");
    expect(await ran()).toEqual([]);
    expect(await bucket.json("info")).toMatchObject({ bucket_id: GO_BUCKET_ID, update_seq: 2 });
    const rows = await bucket.json<{ job: string; worker_ip: string; rollout: string }[]>("cat", "deployments");
    expect(Object.fromEntries(rows.map((row) => [`${row.job}@${row.worker_ip}`, row.rollout]))).toEqual({
      [`api@${A}`]: "promoted",
      [`api@${B}`]: "promoted",
      [`web@${A}`]: "promoted",
      [`web@${B}`]: "promoted",
      [`web@${C}`]: "promoted",
      [`db@${B}`]: "promoted",
      [`db@${C}`]: "disabled",
      [`old@${A}`]: "removed",
      [`old@${B}`]: "removed",
      [`old@${C}`]: "removed",
    });
  });

  it("has nothing to deploy after a build, which replaces no certificate and changes no file", async () => {
    await run("import");
    const { stdout, stderr } = await bucket.maand("build");
    expect(stdout + stderr).not.toContain("certificate");
    expect(await run("deploy", "--dry-run", "--exit-code")).toContain("no deployment required");
  });

  it("reloads only the job web after an edit of web", async () => {
    await run("import");
    bucket.write("workspace/jobs/web/html/index.html", "<h1>three</h1>\n");
    await run("deploy", "--build");
    expect(await ran()).toEqual(GO_HOSTS.map((host) => `web@${host}: reload 2.1.0 2.1.0`));
    expect(await bucket.worker(A).read(`${bucket.home}/jobs/web/html/index.html`)).toBe("<h1>three</h1>\n");
  });

  it("starts only the job db after db is enabled on a worker", async () => {
    await run("import");
    bucket.write("workspace/disabled.json", "{}");
    await run("deploy", "--build");
    expect(await ran()).toEqual([`db@${C}: start 15.3.0 15.3.0`]);
  });

  it("has workers in sync, and gc deletes its removed allocations", async () => {
    await run("import");
    await run("job", "run", "web", "--target", "migrate");
    expect(await ran()).toEqual(GO_HOSTS.map((host) => `web@${host}: migrate`));
    const sync = "phase=validate action=worker_sync cmd=worker_sync exit=0";
    expect(await run("logs", "show", "--phase", "validate")).toContain(sync);
    await run("deploy");
    expect(await run("logs", "show", "--event", "deploy_skip")).toContain("reason=already_promoted");
    await run("gc");
    for (const host of GO_HOSTS) expect(bucket.worker(host).exists(`${bucket.home}/jobs/old`)).toBe(false);
  });
});

describe("an import", () => {
  it("keeps ids, ports and versions", async () => {
    await run("import");
    const workers = await bucket.json<{ worker_ip: string; worker_id: string }[]>("cat", "workers");
    expect(workers.map(({ worker_ip, worker_id }) => `${worker_ip} ${worker_id}`)).toEqual([
      `${A} c76a2bac-06e8-4544-8174-1a140129a8c3`,
      `${B} f0bdb0a9-ea54-477b-bf74-48ff2561ba41`,
      `${C} b6fd4051-d424-4ae3-b123-7ef88b70a1bf`,
    ]);
    const allocations = await bucket.json<{ job: string; worker_ip: string; alloc_id: string }[]>("cat", "allocations");
    const ids = allocations.map(({ job, worker_ip, alloc_id }) => `${job}@${worker_ip} ${alloc_id}`);
    expect(ids).toContain(`api@${A} d601f884-b99d-331e-bb69-d0438e843b78`);
    expect(ids).toContain(`old@${C} 309d16f4-a45c-3af1-96dc-f9bd3730890f`);
    expect(await bucket.json("cat", "job_ports")).toEqual([
      { job: "api", name: "api_admin", port: 9901 },
      { job: "api", name: "api_http", port: 30000 },
    ]);
  });

  it("keeps all KV entries with their history, and the secret", async () => {
    const before = bucket.rows("SELECT namespace, key, version, value, created_date, deleted FROM key_value");
    await run("import");
    const after = bucket.rows("SELECT namespace, key, version, value, created_date, deleted FROM kv");
    const kept = new Map(after.map((row) => [`${row.namespace} ${row.key} ${row.version}`, row]));
    expect(before.filter(({ key }) => !String(key).endsWith(".key")).length).toBeGreaterThan(1);
    for (const row of before) {
      const now = kept.get(`${row.namespace} ${row.key} ${row.version}`);
      const isKey = String(row.key).endsWith(".key");
      if (!isKey) expect(now?.value).toBe(row.value);
      expect([Number(now?.created_date), now?.deleted]).toEqual([Number(row.created_date), row.deleted]);
    }
    const secret = await run("cat", "kv", "get", "secrets/job/api", "db_password", "--reveal");
    expect(secret).toContain("s3cret-of-api");
  });

  it("keeps the CA and the certificates byte for byte, and encrypts their keys", async () => {
    const ca = readFileSync(join(bucket.root, "secrets/ca.crt"));
    const [crt, key] = ["certs/api.crt", "certs/api.key"].map(
      (name) =>
        bucket.rows(`SELECT value FROM key_value WHERE key = '${name}' AND namespace = 'maand/job/api/worker/${A}'`)[0]
          ?.value,
    );
    await run("import");
    expect(readFileSync(join(bucket.root, "secrets/ca.crt"))).toEqual(ca);
    const now = async (name: string) => {
      const words = ["cat", "kv", "get", `maand/job/api/worker/${A}`, name, "--reveal"];
      return (await bucket.json<{ value: string }>(...words)).value;
    };
    expect([await now("certs/api.crt"), await now("certs/api.key")]).toEqual([crt, key]);
    const stored = bucket.rows("SELECT value FROM kv WHERE key = 'certs/api.key'");
    expect(stored).not.toEqual([]);
    for (const { value } of stored) expect(value).toMatch(/^enc:v1:/);
    expect(statSync(join(bucket.root, "secrets/ca.key")).mode & 0o777).toBe(0o600);
  });

  it("keeps the old store unchanged under another name", async () => {
    const sum = (file: string) =>
      createHash("sha256")
        .update(readFileSync(join(bucket.root, file)))
        .digest("hex");
    const before = sum("data/maand.db");
    await run("import");
    expect(sum("data/maand.go.db")).toBe(before);
    expect(existsSync(join(bucket.root, "data/maand.db.new"))).toBe(false);
    expect(await run("import")).toContain("nothing to import");
  });
});

it("a dry run of an import prints the same report and changes no byte of the bucket", async () => {
  const before = bucket.fingerprint();
  expect(await run("import", "--dry-run")).toContain("nothing was changed (dry run); no job would be restarted");
  expect(bucket.fingerprint()).toEqual(before);
  expect(await ran()).toEqual([]);
});

it.each([["deploy"], ["build"], ["init"], ["cat", "jobs"], ["why", "web"]])(
  "maand %s refuses a bucket of the Go program, suggests maand import, and changes nothing",
  async (...words) => {
    const before = bucket.fingerprint();
    const { code, stderr } = await bucket.maand(...words);
    expect(bucket.fingerprint()).toEqual(before);
    expect(code).toBe(2);
    expect(stderr).toContain("it belongs to the earlier maand, which was written in Go");
    expect(stderr).toContain(`maand import ${bucket.root}`);
  },
);
