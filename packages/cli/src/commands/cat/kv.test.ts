import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { run } from "../../run/run.ts";

const A = "10.0.0.1";
const PEM = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

let bucket: TestBucket;

beforeEach(async () => {
  bucket = aBucket();
  bucket.workers(A);
  const commands = {
    command_wait: { executed_on: ["pre_deploy", "cli"], demands: { job: "db", command: "command_ready" } },
    command_alone: { executed_on: ["post_build"] },
  };
  const ready = { command_ready: { executed_on: ["cli"] } };
  const files = { "_modules/command_wait.py": "", "_modules/command_alone.py": "", "_modules/command_ready.py": "" };
  bucket.job("db", { version: "1.0.0", selectors: ["worker"], commands: ready }, files);
  bucket.job(
    "api",
    { version: "1.0.0", selectors: ["worker"], commands, resources: { ports: { http: 8080, admin: {} } } },
    { ...files, "vars.toml": `long = "${"x".repeat(60)}"\nlines = "one\\ntwo"\n` },
  );
  await bucket.build();
  const maand = await bucket.open();
  maand.kv.put("secrets/job/api", "password", "s3cret");
  maand.kv.put("maand/worker", "certs/ca.crt", PEM);
  for (const job of ["api", "db"]) maand.kv.put(`vars/bucket/job/${job}`, "own", job);
  maand.kv.put("vars/job/api", "gone", "x");
  maand.kv.remove("vars/job/api", "gone");
  maand.close();
});

afterEach(() => bucket.dispose());

async function output(
  ...argv: string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const printed = Promise.all([text(stdout), text(stderr)]);
  const code = await run(["-C", bucket.root, ...argv], {
    stdin: new PassThrough(),
    stdout,
    stderr,
    env: {},
    cwd: bucket.root,
    signal: new AbortController().signal,
    now: () => new Date(),
    pid: process.pid,
    machine: "here",
  });
  stdout.end();
  stderr.end();
  const [out, err] = await printed;
  return { code, out, err };
}

const records = async (...argv: string[]): Promise<Record<string, unknown>[]> =>
  JSON.parse((await output("cat", "kv", "--json", ...argv)).out);

describe("maand cat kv", () => {
  it("prints the documented records, and hides secrets", async () => {
    const rows = await records("--jobs", "api");
    expect(rows).toContainEqual({
      namespace: "secrets/job/api",
      key: "password",
      value: "[encrypted]",
      version: 1,
      created_date: expect.any(Number),
      deleted: false,
    });
    expect(rows).toContainEqual(expect.objectContaining({ namespace: "maand/worker", value: PEM }));
    expect(rows).toContainEqual(expect.objectContaining({ key: "gone", value: "x", version: 2, deleted: true }));
    expect(rows.map((row) => row.namespace)).toContain("vars/bucket/job/api");
    expect(rows.map((row) => row.namespace)).not.toContain("vars/bucket/job/db");
  });

  it("filters entries by --active or --deleted", async () => {
    expect((await records("--deleted")).map((row) => row.key)).toEqual(["gone"]);
    expect((await records("--active")).map((row) => row.key)).not.toContain("gone");
    expect(await output("cat", "kv", "--active", "--deleted")).toMatchObject({ code: 2, out: "" });
  });

  it("prints a value on one line, and truncates it to 50 characters", async () => {
    const { out } = await output("cat", "kv");
    expect(out).toContain(`│ ${"x".repeat(50)}... │`);
    expect(out).toMatch(/│ lines +│ one two +│/);
    expect(out).toMatch(/│ certs\/ca\.crt +│ -----BEGIN CERTIFICATE----- +│/);
    expect(out).toMatch(/│ password +│ \[encrypted\] +│/);
    expect(
      new Set(
        out
          .trimEnd()
          .split("\n")
          .map((line) => line.length),
      ).size,
    ).toBe(1);
  });

  it("refuses an unknown job and prints nothing", async () => {
    expect(await output("cat", "kv", "--jobs", "ap")).toMatchObject({
      code: 2,
      out: "",
      err: expect.stringContaining("api"),
    });
  });

  it("prints an empty list for an empty bucket", async () => {
    bucket.dispose();
    bucket = aBucket();
    expect((await output("cat", "kv", "--json")).out).toBe("[]\n");
  });
});

describe("maand cat kv get", () => {
  it("prints one complete entry", async () => {
    const { code, out } = await output("cat", "kv", "get", "vars/job/api", "lines");
    expect([code, out.replace(/\d{4}-.*UTC/, "<date>")]).toEqual([
      0,
      "namespace: vars/job/api\nkey: lines\nvalue: one\ntwo\nversion: 1\ncreated_date: <date>\n",
    ]);
    const { out: json } = await output("cat", "kv", "get", "maand/job/api", "port_http", "--json");
    expect(JSON.parse(json)).toEqual({
      namespace: "maand/job/api",
      key: "port_http",
      value: "8080",
      version: 1,
      created_date: expect.any(Number),
    });
  });

  it("hides a secret unless --reveal is given", async () => {
    const hidden = await output("cat", "kv", "get", "secrets/job/api", "password");
    expect(hidden.out).toContain("value: [encrypted]\n");
    const shown = await output("cat", "kv", "get", "secrets/job/api", "password", "--reveal");
    expect(shown.out).toContain("value: s3cret\n");
  });

  it("fails for a key that never existed or was deleted", async () => {
    for (const key of ["never", "gone"]) {
      const { code, out, err } = await output("cat", "kv", "get", "vars/job/api", key);
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(err).toContain(`key not found: namespace vars/job/api, key ${key}`);
    }
  });
});

describe("maand cat job_ports and job_commands", () => {
  it.each(["job_ports", "job-ports"])("cat %s prints one row per port, sorted by job and name", async (word) => {
    expect(JSON.parse((await output("cat", word, "--json")).out)).toEqual([
      { job: "api", name: "admin", port: 30_000 },
      { job: "api", name: "http", port: 8080 },
    ]);
    expect(JSON.parse((await output("cat", word, "--json", "--jobs", "db")).out)).toEqual([]);
    expect((await output("cat", word)).out).toMatch(/│ api │ admin │ 30000 │/);
    expect((await output("cat", word, "--jobs", "none")).code).toBe(2);
  });

  it.each(["job_commands", "job-commands"])("cat %s prints one row per command and event", async (word) => {
    const none = { demand_job: null, demand_command: null, demand_config: {} };
    const some = { demand_job: "db", demand_command: "command_ready", demand_config: {} };
    expect(JSON.parse((await output("cat", word, "--json")).out)).toEqual([
      { job: "api", command_name: "command_alone", executed_on: "post_build", once: false, ...none },
      { job: "api", command_name: "command_wait", executed_on: "pre_deploy", once: false, ...some },
      { job: "api", command_name: "command_wait", executed_on: "cli", once: false, ...some },
      { job: "db", command_name: "command_ready", executed_on: "cli", once: false, ...none },
    ]);
    expect((await output("cat", word)).out).toMatch(/│ api │ command_wait +│ cli +│ for each │ db +│ command_ready +│/);
  });
});

it("maand build --purge-job-kv deletes the secrets of a removed job", async () => {
  bucket.removeJob("api");
  await output("build");
  expect((await records("--active")).map((row) => row.key)).toContain("password");
  expect((await output("build", "--purge-job-kv")).code).toBe(0);
  expect((await records("--active")).map((row) => row.key)).not.toContain("password");
});
