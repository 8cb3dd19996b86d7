import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { type Ended, type MaandOptions, maand, type Running, startMaand } from "../bucket/maand.ts";
import type { Fleet, FleetWorker } from "../fleet/index.ts";
import { freshCertificates } from "./fresh-certificates.ts";

const FIXTURE = fileURLToPath(new URL("go-bucket.tgz", import.meta.url));

/** The id of the bucket. */
export const GO_BUCKET_ID = "bae9c294-f2e1-47f2-994d-11447d76820b";

/** The hosts of its workers. */
export const GO_HOSTS = ["127.0.1.1", "127.0.1.2", "127.0.1.3"] as const;

/** A bucket of the Go program, with real workers and the files that the Go program deployed to them. */
export interface GoBucket {
  readonly root: string;
  /** The bucket's directory on its workers. */
  readonly home: string;
  maand(...args: readonly string[]): Promise<Ended>;
  start(args: readonly string[], options?: Partial<MaandOptions>): Running;
  json<T>(...args: readonly string[]): Promise<T>;
  write(path: string, text: string): void;
  /** Returns the SHA-256, mode and time of every file of the bucket, by path. */
  fingerprint(): Record<string, string>;
  /**
   * The targets of a job that have run on a worker since the fixture was created: the lines added to its `data/log`.
   */
  ran(job: string, host: string): Promise<string[]>;
  worker(host: string): FleetWorker;
  /** Runs SQL on the store of the Go program. */
  sql(...statements: readonly string[]): void;
  /** Rows of the store, before or after the import. */
  rows(query: string): Record<string, unknown>[];
  dispose(): void;
}

const require = createRequire(new URL("../../../packages/core/package.json", import.meta.url));
const Sqlite: typeof import("better-sqlite3") = require("better-sqlite3");

/**
 * Unpacks the fixture, and copies its files to each worker. Signs its certificates again with its own CA and keys,
 * because they expire in January 2027.
 */
export async function goBucket(fleet: Fleet): Promise<GoBucket> {
  const directory = mkdtempSync(join(tmpdir(), "maand-go-"));
  execFileSync("tar", ["-xzf", FIXTURE, "-C", directory]);
  const root = join(directory, "go-bucket/bucket");
  chmodSync(root, 0o755);
  const store = join(root, "data/maand.db");
  const bucketOptions = { cwd: root };
  const workers = new Map(fleet.workers.map((worker) => [worker.host, worker]));
  const worker = (host: string): FleetWorker => {
    const found = workers.get(host);
    if (!found) throw new Error(`there is no worker ${host}`);
    return found;
  };
  const logAt = async (job: string, host: string) => {
    const path = `${home}/jobs/${job}/data/log`;
    return worker(host).exists(path) ? (await worker(host).read(path)).split("\n").filter((line) => line !== "") : [];
  };
  const home = `/opt/worker/${GO_BUCKET_ID}`;
  const places = GO_HOSTS.map((host, at) => ({ host, from: join(directory, `go-bucket/workers/w${at + 1}`) }));
  const sql = (...statements: readonly string[]) => {
    const db = new Sqlite(store);
    for (const statement of statements) db.exec(statement);
    db.pragma("wal_checkpoint(TRUNCATE)");
    db.close();
  };
  await freshCertificates(root, new Map(places.map(({ host, from }) => [host, join(from, GO_BUCKET_ID)])));
  const before = new Map<string, number>();
  for (const { host, from } of places) {
    await worker(host).run(["sh", "-c", "rm -rf /opt/worker/*"]);
    const archive = execFileSync("tar", ["-C", from, "-cf", "-", "."], { encoding: "base64" });
    await worker(host).run(["sh", "-c", "base64 -d | tar -C /opt/worker -xf -"], archive);
    for (const job of ["api", "web", "db", "old"]) before.set(`${job}@${host}`, (await logAt(job, host)).length);
  }
  const bucket: GoBucket = {
    root,
    home,
    maand: (...args) => maand(args, bucketOptions),
    start: (args, over = {}) => startMaand(args, { ...bucketOptions, ...over }),
    async json<T>(...args: readonly string[]): Promise<T> {
      const { stdout, stderr } = await bucket.maand(...args, "--json");
      try {
        return JSON.parse(stdout);
      } catch {
        throw new Error(`maand ${args.join(" ")} wrote no JSON:\n${stdout}\n${stderr}`);
      }
    },
    write: (path, text) => writeFileSync(join(root, path), text),
    fingerprint: () => fingerprintOf(root),
    ran: async (job, host) => (await logAt(job, host)).slice(before.get(`${job}@${host}`) ?? 0),
    worker,
    sql,
    rows(query) {
      const db = new Sqlite(store, { readonly: true });
      try {
        return db.prepare<unknown[], Record<string, unknown>>(query).all();
      } finally {
        db.close();
      }
    },
    dispose: () => rmSync(directory, { recursive: true, force: true }),
  };
  reach(bucket, fleet);
  return bucket;
}

/** Adapts the fixture to this fleet, with another user, another key and other ports. */
function reach(bucket: GoBucket, fleet: Fleet): void {
  const conf = readFileSync(join(bucket.root, "maand.conf"), "utf8")
    .replace("'agent'", `'${fleet.user}'`)
    .replace("'worker.key'", `'${fleet.key.path}'`);
  bucket.write("maand.conf", conf);
  const entries: { host: string }[] = JSON.parse(readFileSync(join(bucket.root, "workspace/workers.json"), "utf8"));
  const ported = entries.map((entry) => ({ ...entry, port: bucket.worker(entry.host).port }));
  bucket.write("workspace/workers.json", JSON.stringify(ported, undefined, 1));
}

function fingerprintOf(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).map((entry) => {
    const path = join(entry.parentPath, entry.name);
    const { mode, mtimeMs } = statSync(path);
    const sum = entry.isFile() ? createHash("sha256").update(readFileSync(path)).digest("hex") : "directory";
    return [relative(root, path), `${sum} ${mode.toString(8)} ${entry.isFile() ? mtimeMs : ""}`];
  });
  return Object.fromEntries(files);
}
