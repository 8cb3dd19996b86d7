import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { GoStore, isGoStoreFile } from "./go-store.ts";

let file: string;

beforeEach(() => {
  const directory = mkdtempSync(join(tmpdir(), "maand-go-store-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  file = join(directory, "maand.db");
});

const TABLES = [
  "CREATE TABLE bucket (bucket_id TEXT, update_seq INT)",
  "CREATE TABLE schema_version (id INTEGER PRIMARY KEY, version INTEGER)",
  "CREATE TABLE worker (worker_id TEXT, worker_ip TEXT, position INT)",
  "CREATE TABLE allocations (alloc_id TEXT, worker_ip TEXT, job TEXT, disabled INT, removed INT, deployment_seq INT, new_version TEXT)",
  "CREATE TABLE job (job_id TEXT, name TEXT, version TEXT)",
  "CREATE TABLE job_ports (job_id TEXT, name TEXT, port INT)",
  "CREATE TABLE job_files (job_id TEXT, path TEXT, content BLOB, isdir BOOL)",
  "CREATE TABLE key_value (key TEXT, value TEXT, namespace TEXT, version INT, ttl TEXT, created_date TEXT, deleted INT)",
  "CREATE TABLE hash (namespace TEXT, key TEXT, current_hash TEXT, previous_hash TEXT, current_files TEXT, previous_files TEXT, current_version TEXT)",
];

/** Writes a store of the Go program. */
function write(version: number, ...rows: readonly string[]): void {
  const db = new Sqlite(file);
  db.pragma("journal_mode = WAL");
  const more = [`INSERT INTO schema_version VALUES (1, ${version})`, "INSERT INTO bucket VALUES ('b-1', 7)"];
  for (const statement of [...TABLES, ...more, ...rows]) db.exec(statement);
  db.close();
}

function read() {
  const store = GoStore.open(file);
  store.close();
  return store.bucket;
}

it("the store of the Go program is recognised, and read completely", () => {
  write(
    1,
    "INSERT INTO worker VALUES ('w-1', '10.0.0.1', 0)",
    "INSERT INTO job VALUES ('j-1', 'api', '1.2.0')",
    "INSERT INTO job_ports VALUES ('j-1', 'http', 30000)",
    "INSERT INTO allocations VALUES ('a-1', '10.0.0.1', 'api', 0, 0, 2, '1.2.0'), ('a-2', '10.0.0.9', 'old', 1, 1, 0, '0.9.0')",
    `INSERT INTO hash VALUES ('api_allocation', 'a-1', 'c', 'p', '{}', '{"Makefile":"m"}', '1.1.0')`,
    "INSERT INTO job_files VALUES ('j-1', 'api/_prometheus', x'', 1), ('j-1', 'api/_prometheus/scrape.yaml', 'abc', 0), ('j-1', 'api/Makefile', 'x', 0)",
    "INSERT INTO key_value VALUES ('k', 'v', 'vars/job/api', 3, '0', '1700000000', 0)",
  );
  expect(isGoStoreFile(file)).toBe(true);
  expect(read()).toEqual({
    id: "b-1",
    updateSeq: 7,
    workers: [
      { host: "10.0.0.1", id: "w-1" },
      { host: "10.0.0.9", id: undefined },
    ],
    jobs: [
      { name: "api", version: "1.2.0", deploymentSeq: 2, ports: { http: 30000 } },
      { name: "old", version: "0.9.0", deploymentSeq: 0, ports: {} },
    ],
    allocations: [
      { id: "a-1", job: "api", host: "10.0.0.1", disabled: false, removed: false, index: 0 },
      { id: "a-2", job: "old", host: "10.0.0.9", disabled: true, removed: true, index: 0 },
    ],
    deployed: new Map([["a-1", { files: new Map([["Makefile", "m"]]), version: "1.1.0", healthFailed: false }]]),
    prometheusFiles: new Map([["api/_prometheus/scrape.yaml", "900150983cd24fb0d6963f7d28e17f72"]]),
    kv: [{ namespace: "vars/job/api", key: "k", value: "v", version: 3, createdDate: 1_700_000_000, deleted: false }],
  });
});

it("a re-enabled allocation has no files, and a failed health check is recorded", () => {
  write(
    1,
    `INSERT INTO hash VALUES ('api_allocation', 'a-1', 'c', NULL, '{}', NULL, '1.1.0'), ('api_allocation', 'a-2', 'c', '__maand_health_failed__', '{}', '{}', '1.1.0')`,
  );
  const { deployed } = read();
  expect(deployed.get("a-1")).toEqual({ files: undefined, version: "1.1.0", healthFailed: false });
  expect(deployed.get("a-2")).toMatchObject({ healthFailed: true });
});

it.each([
  [0, "run maand init of the last Go version there first"],
  [3, "run maand init of the last Go version there first"],
  [5, "this version of maand supports only version 1"],
])("a store of version %d is refused with a hint", (version, hint) => {
  write(version);
  expect(read).toThrow(expect.objectContaining({ code: "NOT_A_STORE", hint: expect.stringContaining(hint) }));
});

it("the store cannot be read while another program writes, and can be read afterwards", () => {
  write(1);
  const other = new Sqlite(file);
  onTestFinished(() => void other.close());
  other.exec("BEGIN IMMEDIATE");
  expect(read).toThrow(expect.objectContaining({ code: "BUSY" }));
  other.exec("ROLLBACK");
  expect(read().id).toBe("b-1");
});
