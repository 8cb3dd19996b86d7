import { type Allocation, MaandError } from "@maand/core";
import type { Row } from "@maand/core/internal";
import { groupBy } from "@maand/core/readonly";
import type { Database } from "better-sqlite3";
import type { GoBucket, GoDeployed, GoJob, GoKvRow, GoWorker } from "./go-bucket.ts";
import { md5 } from "./md5.ts";

/** The version of the tables, the same since the first release of the Go program. */
const SCHEMA_VERSION = 1;

/** What the Go program stores instead of the promoted hash after a failed health check. */
const HEALTH_FAILED = "__maand_health_failed__";

/** The version of an allocation before its first promotion. */
const NO_VERSION = "0.0.0";

/** Reads a complete store of the Go program. Throws NOT_A_STORE for another schema version. */
export function readGoBucket(db: Database, file: string): GoBucket {
  checkVersion(db, file);
  const [bucket] = rows(db, "SELECT bucket_id, update_seq FROM bucket");
  if (!bucket) throw refused(file, "it has no bucket", "run maand init of the Go program there again");
  const allocations = allocationsOf(db);
  return {
    id: String(bucket.bucket_id),
    updateSeq: Number(bucket.update_seq ?? 0),
    workers: workersOf(db, allocations),
    jobs: jobsOf(db),
    allocations,
    deployed: deployedOf(db),
    prometheusFiles: prometheusFilesOf(db),
    kv: kvOf(db),
  };
}

function checkVersion(db: Database, file: string): void {
  const version = Number(rows(db, "SELECT version FROM schema_version WHERE id = 1")[0]?.version ?? 0);
  if (version === SCHEMA_VERSION) return;
  const hint =
    version > SCHEMA_VERSION && version > 4
      ? "this version of maand supports only version 1"
      : "run maand init of the last Go version there first, which migrates the tables to version 1";
  throw refused(file, `its tables have version ${version}, but only version ${SCHEMA_VERSION} can be imported`, hint);
}

function refused(file: string, why: string, hint: string): MaandError {
  const message = `${file} is a store of the Go program that cannot be imported: ${why}`;
  return new MaandError({ code: "NOT_A_STORE", message, hint });
}

function rows(db: Database, sql: string): Row[] {
  return db.prepare<unknown[], Row>(sql).all();
}

function allocationsOf(db: Database): Allocation[] {
  const found = rows(
    db,
    "SELECT a.alloc_id, a.job, a.worker_ip, a.disabled, a.removed FROM allocations a LEFT JOIN worker w USING (worker_ip) ORDER BY a.job, a.removed, w.position, a.worker_ip",
  );
  const byJob = groupBy(found, ({ job }) => String(job));
  return [...byJob.values()].flatMap((members) =>
    members.map((row, index) => ({
      id: String(row.alloc_id),
      job: String(row.job),
      host: String(row.worker_ip),
      disabled: isSet(row.disabled),
      removed: isSet(row.removed),
      index,
    })),
  );
}

function isSet(value: unknown): boolean {
  return Number(value ?? 0) !== 0;
}

function workersOf(db: Database, allocations: readonly Allocation[]): GoWorker[] {
  const present = rows(db, "SELECT worker_id, worker_ip FROM worker ORDER BY position, worker_ip").map((row) => ({
    host: String(row.worker_ip),
    id: String(row.worker_id),
  }));
  const known = new Set(present.map(({ host }) => host));
  const left = new Set(allocations.map(({ host }) => host).filter((host) => !known.has(host)));
  return [...present, ...[...left].map((host) => ({ host, id: undefined }))];
}

function jobsOf(db: Database): GoJob[] {
  const ports = groupBy(rows(db, "SELECT job_id, name, port FROM job_ports"), ({ job_id }) => String(job_id));
  const present = rows(db, "SELECT job_id, name, version FROM job ORDER BY name").map((row) => ({
    name: String(row.name),
    version: versionOf(row.version),
    ports: Object.fromEntries((ports.get(String(row.job_id)) ?? []).map(({ name, port }) => [name, Number(port)])),
  }));
  const placed = rows(
    db,
    "SELECT job, max(deployment_seq) AS seq, max(new_version) AS version FROM allocations GROUP BY job",
  );
  const seqs = new Map(placed.map(({ job, seq }) => [String(job), Number(seq ?? 0)]));
  const known = new Set(present.map(({ name }) => name));
  const left = placed
    .filter(({ job }) => !known.has(String(job)))
    .map(({ job, version }) => ({ name: String(job), version: versionOf(version), ports: {} }));
  return [...present, ...left].map((job) => ({ ...job, deploymentSeq: seqs.get(job.name) ?? 0 }));
}

function versionOf(value: unknown): string {
  const text = typeof value === "string" ? value.trim() : "";
  return text === "" || text.toLowerCase() === "unknown" ? NO_VERSION : text;
}

const ALLOCATION = /_allocation$/;

function deployedOf(db: Database): Map<string, GoDeployed> {
  const found = rows(db, "SELECT namespace, key, previous_hash, previous_files, current_version FROM hash");
  return new Map(
    found
      .filter(({ namespace }) => ALLOCATION.test(String(namespace)))
      .map((row) => [
        String(row.key),
        {
          files: text(row.previous_hash) === "" ? undefined : filesOf(row.previous_files),
          version: versionOf(row.current_version),
          healthFailed: row.previous_hash === HEALTH_FAILED,
        },
      ]),
  );
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function filesOf(json: unknown): ReadonlyMap<string, string> {
  const written: unknown = JSON.parse(text(json) || "{}");
  const entries = typeof written === "object" && written !== null ? Object.entries(written) : [];
  return new Map(entries.map(([path, md5]) => [path, String(md5)]));
}

function prometheusFilesOf(db: Database): Map<string, string> {
  const found = rows(db, "SELECT path, content FROM job_files WHERE path LIKE '%/_prometheus/%' AND isdir = 0");
  return new Map(found.map(({ path, content }) => [String(path), md5(bytesOf(content))]));
}

function bytesOf(content: unknown): Uint8Array {
  return content instanceof Uint8Array ? content : Buffer.from(text(content));
}

function kvOf(db: Database): GoKvRow[] {
  const sql = "SELECT namespace, key, value, version, created_date, deleted FROM key_value ORDER BY rowid";
  return rows(db, sql).map((row) => ({
    namespace: String(row.namespace),
    key: String(row.key),
    value: text(row.value),
    version: Number(row.version),
    createdDate: Number(row.created_date ?? 0),
    deleted: isSet(row.deleted),
  }));
}
