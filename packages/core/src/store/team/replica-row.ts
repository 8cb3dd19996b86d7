import type { Database } from "better-sqlite3";

/** The state of a working copy. An SQLite store has no such row. */
export interface Replica {
  /** The database that it is a copy of, without a password; for a store that was moved, its new place. */
  readonly url: string;
  readonly bucket: string;
  /** The revision that the copy has; 0 if it has none yet. */
  readonly revision: number;
  /** The id of the change that created the revision. */
  readonly change: string | null;
  /** When the copy was last compared with the database, ISO 8601. */
  readonly syncedAt: string | null;
}

const CREATE = `CREATE TABLE IF NOT EXISTS replica (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  url TEXT NOT NULL,
  bucket TEXT NOT NULL,
  revision INTEGER NOT NULL DEFAULT 0,
  change TEXT,
  synced_at TEXT
)`;

/** Reads the row; undefined for a store that is not a working copy. */
export function readReplica(db: Database): Replica | undefined {
  const hasTable = db.prepare("SELECT 1 FROM main.sqlite_schema WHERE name = 'replica'").get() !== undefined;
  if (!hasTable) return undefined;
  return db.prepare<[], Replica>("SELECT url, bucket, revision, change, synced_at AS syncedAt FROM main.replica").get();
}

/** Makes a store a working copy, or corrects its row. */
export function writeReplica(db: Database, { url, bucket, revision, change, syncedAt }: Replica): void {
  db.exec(CREATE);
  db.prepare(
    "INSERT INTO main.replica (one, url, bucket, revision, change, synced_at) VALUES (1, ?, ?, ?, ?, ?) ON CONFLICT (one) DO UPDATE SET url = excluded.url, bucket = excluded.bucket, revision = excluded.revision, change = excluded.change, synced_at = excluded.synced_at",
  ).run(url, bucket, revision, change, syncedAt);
}

/** Makes a working copy a store again. */
export function dropReplica(db: Database): void {
  db.exec("DROP TABLE IF EXISTS main.replica");
}
