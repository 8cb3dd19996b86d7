import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { initBucket } from "../../packages/core/src/bucket/init.ts";
import { type OpenedBucket, openBucket } from "../../packages/core/src/bucket/open.ts";
import { type Plan, planDeploy } from "../../packages/core/src/plan/plan-deploy.ts";
import { certs } from "../../packages/plugin-certs/src/index.ts";
import { examineSecretFiles } from "../../packages/plugin-operations/src/doctor/secret-files.ts";
import { templates } from "../../packages/plugin-templates/src/index.ts";

/**
 * A store from a version of maand in which files had no modes, with two promoted jobs on two local workers. The job api
 * has a certificate, and a template that renders a secret, `.CurrentVersion` and `.UpdateSeq`.
 */
const BEFORE = new URL("../support/bucket/store-before-modes/", import.meta.url);

let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-before-"));
  initBucket(root);
  writeFileSync(join(root, "secrets/kv.key"), Buffer.from(readFileSync(new URL("kv.key.hex", BEFORE), "utf8"), "hex"));
  rmSync(join(root, "data/maand.db"));
  const store = new Database(join(root, "data/maand.db"));
  store.exec(readFileSync(new URL("maand.sql", BEFORE), "utf8"));
  store.close();
});

afterEach(() => rmSync(root, { recursive: true }));

function opened(conf: string): Promise<OpenedBucket> {
  writeFileSync(join(root, "maand.conf"), `transport = "local"\n${conf}`);
  return openBucket({
    from: root,
    now: () => new Date(),
    signal: new AbortController().signal,
    pid: process.pid,
    defaults: () => [templates(), certs()],
    modules: {},
    readers: [],
  });
}

/** The actions of the next deploy, by `job@host`. */
async function planned(conf: string): Promise<Record<string, string>> {
  const bucket = await opened(conf);
  const plan = await planDeploy(bucket, { jobs: [], force: false, syncOnly: false });
  bucket.close();
  return actions(plan);
}

function actions(plan: Plan): Record<string, string> {
  const all = plan.waves.flatMap(({ jobs }) => jobs.flatMap(({ allocations }) => allocations));
  return Object.fromEntries(
    all.map(({ allocation: { job, host }, decision: { action, reasons } }) => [
      `${job}@${host}`,
      `${action}: ${reasons.join("; ")}`,
    ]),
  );
}

it("the first deploy after an upgrade of maand restarts nothing", async () => {
  expect(await planned("")).toEqual({
    "api@127.0.0.11": "skip: unchanged",
    "api@127.0.0.12": "skip: unchanged",
    "web@127.0.0.11": "skip: unchanged",
    "web@127.0.0.12": "skip: unchanged",
  });
});

it("secret_files_mode with its default value changes nothing", async () => {
  expect(await planned('secret_files_mode = "0644"\n')).toEqual(await planned(""));
});

it("secret_files_mode with another value changes only jobs with secrets in their files", async () => {
  const changed = "restart: 1 file changed: app.conf (mode 0644 -> 0600)";
  expect(await planned('secret_files_mode = "0600"\n')).toEqual({
    "api@127.0.0.11": changed,
    "api@127.0.0.12": changed,
    "web@127.0.0.11": "skip: unchanged",
    "web@127.0.0.12": "skip: unchanged",
  });
});

describe("doctor, in a bucket of an older maand,", () => {
  async function found(conf: string): Promise<string[]> {
    const bucket = await opened(conf);
    const findings = examineSecretFiles(bucket);
    bucket.close();
    return findings.map(({ where, ok, message }) => `${where} ${ok} ${message}`);
  }

  it("reports once that files with secrets are readable, and names their jobs", async () => {
    expect(await found("")).toEqual([
      "maand.conf false any user of a worker can read the secrets in files of api: their mode is 0644",
    ]);
  });

  it.each(["0600", "0644"])("reports nothing after secret_files_mode is set to %s", async (mode) => {
    expect(await found(`secret_files_mode = "${mode}"\n`)).toEqual([]);
  });
});
