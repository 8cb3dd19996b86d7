import type { Database } from "better-sqlite3";
import { MaandError } from "../errors.ts";
import { APPLICATION_ID } from "./store-file.ts";

/**
 * All changes to the store's tables, in order. The store's `user_version` is the number of applied changes. Append only:
 * never edit a released migration.
 */
const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE bucket (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    bucket_id TEXT NOT NULL,
    update_seq INTEGER NOT NULL DEFAULT 0
  );
  -- removed workers stay until gc, so that what still runs there can be stopped
  CREATE TABLE worker (
    host TEXT PRIMARY KEY,
    worker_id TEXT NOT NULL UNIQUE,
    removed INTEGER NOT NULL DEFAULT 0,
    spec TEXT NOT NULL
  ) WITHOUT ROWID;
  -- what was delivered to a worker last; its files are there only if delivered_seq is not null
  CREATE TABLE delivery (
    host TEXT PRIMARY KEY,
    delivered_seq INTEGER,
    metadata TEXT
  ) WITHOUT ROWID;
  CREATE TABLE content (
    hash TEXT PRIMARY KEY,
    bytes BLOB NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE job (
    name TEXT PRIMARY KEY,
    removed INTEGER NOT NULL DEFAULT 0,
    spec TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE job_file (
    job TEXT NOT NULL REFERENCES job (name) ON DELETE CASCADE,
    path TEXT NOT NULL,
    hash TEXT NOT NULL REFERENCES content (hash),
    executable INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime_ms REAL NOT NULL,
    PRIMARY KEY (job, path)
  ) WITHOUT ROWID;
  CREATE INDEX job_file_hash ON job_file (hash);
  CREATE TABLE allocation (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL,
    host TEXT NOT NULL,
    disabled INTEGER NOT NULL,
    removed INTEGER NOT NULL,
    position INTEGER NOT NULL,
    UNIQUE (job, host)
  ) WITHOUT ROWID;
  -- the list of files a digest stands for: once, however many allocations share it
  CREATE TABLE tree (
    digest TEXT PRIMARY KEY,
    files TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE planned (
    allocation TEXT PRIMARY KEY REFERENCES allocation (id) ON DELETE CASCADE,
    digest TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE staged (
    allocation TEXT PRIMARY KEY REFERENCES allocation (id) ON DELETE CASCADE,
    digest TEXT
  ) WITHOUT ROWID;
  CREATE TABLE promoted (
    allocation TEXT PRIMARY KEY REFERENCES allocation (id) ON DELETE CASCADE,
    digest TEXT NOT NULL REFERENCES tree (digest),
    scheme INTEGER NOT NULL,
    version TEXT NOT NULL,
    health_failed INTEGER NOT NULL DEFAULT 0,
    stopped INTEGER NOT NULL DEFAULT 0
  ) WITHOUT ROWID;
  CREATE INDEX promoted_digest ON promoted (digest);
  CREATE TABLE run (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    command TEXT NOT NULL,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    outcome TEXT
  );
  -- the journal: a row before every remote action, its result afterwards
  CREATE TABLE step (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES run (number),
    allocation TEXT NOT NULL,
    kind TEXT NOT NULL,
    digest TEXT,
    version TEXT,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    outcome TEXT,
    settled INTEGER NOT NULL DEFAULT 0
  );
  CREATE INDEX step_open ON step (allocation) WHERE settled = 0;
  CREATE INDEX step_run ON step (run);
  -- jobs whose post-deploy work is still to be done
  CREATE TABLE pending_after (job TEXT PRIMARY KEY) WITHOUT ROWID;
  `,
  `
  -- what jobs are told: the last versions of each key, deletes included; the newest one holds
  CREATE TABLE kv (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    version INTEGER NOT NULL,
    value TEXT NOT NULL,
    created_date INTEGER NOT NULL,
    deleted INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (namespace, key, version)
  ) WITHOUT ROWID;
  `,
  `
  -- what the promoted files were rendered for: the version before, and the count of deliveries
  ALTER TABLE promoted ADD COLUMN previous_version TEXT;
  ALTER TABLE promoted ADD COLUMN update_seq INTEGER;
  `,
  `
  -- digest of the job's files a plan was made from: tells whether they were built anew since
  ALTER TABLE planned ADD COLUMN source TEXT;
  `,
  `
  -- the last promotions of each allocation: contents only they have are kept for diffs
  CREATE TABLE promotion (
    allocation TEXT NOT NULL REFERENCES allocation (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    digest TEXT NOT NULL REFERENCES tree (digest),
    PRIMARY KEY (allocation, number)
  ) WITHOUT ROWID;
  CREATE INDEX promotion_digest ON promotion (digest);
  INSERT INTO promotion (allocation, number, digest) SELECT allocation, 1, digest FROM promoted;
  -- kept: for diffs, whether a job has it or not; sealed: the bytes are encrypted, and hold no secret in clear even so
  ALTER TABLE content ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE content ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
  UPDATE content SET kept = 1 WHERE length(bytes) <= 1048576
    AND hash IN (SELECT json_extract(value, '$.hash') FROM tree, json_each(tree.files));
  `,
  `
  -- tools found on the worker before the last delivery that was finished: they are not looked for again
  ALTER TABLE delivery ADD COLUMN tools TEXT;
  `,
  `
  -- promoted, and their job's health not asked since: it is asked first, or else with the job's next batch
  CREATE TABLE pending_health (
    allocation TEXT PRIMARY KEY REFERENCES allocation (id) ON DELETE CASCADE,
    first INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  -- a large content is kept in pieces, the first of them in the table content, so that nothing holds all of it
  ALTER TABLE content ADD COLUMN pieces INTEGER NOT NULL DEFAULT 1;
  CREATE TABLE content_piece (
    hash TEXT NOT NULL REFERENCES content (hash) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (hash, number)
  );
  `,
  `
  -- the process that holds the bucket's lock, as JSON; a lock file that was deleted gives nobody else the lock
  ALTER TABLE bucket ADD COLUMN holder TEXT;
  `,
  `
  -- the workspace as it was when it was built, as JSON: digests of its parts
  ALTER TABLE bucket ADD COLUMN built TEXT;
  `,
  `
  -- the bucket's directory on the worker where its files were delivered, and the one that was expected without a
  -- connection; null where an older maand delivered them
  ALTER TABLE delivery ADD COLUMN root TEXT;
  ALTER TABLE delivery ADD COLUMN expected_root TEXT;
  `,
  `
  -- the releases of each job: what a build found, numbered; held: not deployed while the workspace holds it, as JSON
  CREATE TABLE release (
    job TEXT NOT NULL REFERENCES job (name) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    digest TEXT NOT NULL,
    version TEXT NOT NULL,
    manifest TEXT NOT NULL,
    created_at TEXT NOT NULL,
    created_by TEXT NOT NULL,
    git_commit TEXT,
    deployed INTEGER NOT NULL DEFAULT 0,
    good_at TEXT,
    bad TEXT,
    held TEXT,
    PRIMARY KEY (job, number)
  ) WITHOUT ROWID;
  CREATE INDEX release_held ON release (job) WHERE held IS NOT NULL;
  CREATE TABLE release_file (
    job TEXT NOT NULL,
    number INTEGER NOT NULL,
    path TEXT NOT NULL,
    hash TEXT NOT NULL REFERENCES content (hash),
    executable INTEGER NOT NULL,
    size INTEGER NOT NULL,
    PRIMARY KEY (job, number, path),
    FOREIGN KEY (job, number) REFERENCES release (job, number) ON DELETE CASCADE
  ) WITHOUT ROWID;
  CREATE INDEX release_file_hash ON release_file (hash);
  ALTER TABLE promoted ADD COLUMN release INTEGER;
  -- what each run rolled out of a job, and the release that ran before
  CREATE TABLE run_release (
    run INTEGER NOT NULL,
    job TEXT NOT NULL,
    release INTEGER NOT NULL,
    previous INTEGER,
    PRIMARY KEY (run, job)
  ) WITHOUT ROWID;
  `,
  `
  -- what plugins keep between runs, as JSON
  CREATE TABLE plugin_state (
    plugin TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (plugin, key)
  ) WITHOUT ROWID;
  `,
  `
  -- staged rollouts that are not complete: the index of the step that is next, since when, and when a timed wait ends
  CREATE TABLE rollout (
    job TEXT PRIMARY KEY REFERENCES job (name) ON DELETE CASCADE,
    release INTEGER NOT NULL,
    previous INTEGER,
    step INTEGER NOT NULL,
    since TEXT NOT NULL,
    until TEXT,
    started_at TEXT NOT NULL,
    started_by TEXT NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  -- the digest of the saved plan that a run carried out: a plan is carried out once
  ALTER TABLE run ADD COLUMN plan TEXT;
  `,
  `
  -- the name under which a worker keeps a receipt of the step; a later run that continues the step has the same
  ALTER TABLE step ADD COLUMN receipt TEXT;
  -- the update_seq that the files of the step were rendered with
  ALTER TABLE step ADD COLUMN update_seq INTEGER;
  `,
  `
  -- the bucket's directory is the one that is known without a connection, always
  ALTER TABLE delivery DROP COLUMN expected_root;
  `,
  `
  -- where the values of secrets were read: the reference, the version of the KV entry written then, and when
  CREATE TABLE secret_source (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    reference TEXT NOT NULL,
    version INTEGER NOT NULL,
    read_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, key)
  ) WITHOUT ROWID;
  `,
];

/** The table version that this version of maand writes. */
export const STORE_VERSION = MIGRATIONS.length;

/**
 * Migrates a store to {@link STORE_VERSION}, all or nothing. Refuses a newer store, because an older version of maand
 * would lose data that it does not know. An older `to` creates an old store, for tests.
 */
export function migrate(db: Database, to = STORE_VERSION): void {
  const version = storeVersion(db);
  if (version > STORE_VERSION) {
    throw new MaandError({
      code: "STORE_NEWER",
      message: `the store has version ${version}, but this version of maand supports only up to ${STORE_VERSION}`,
      hint: "use the version of maand that wrote it, or a newer one",
    });
  }
  if (version >= to && db.pragma("application_id", { simple: true }) === APPLICATION_ID) return;
  const upgrade = db.transaction(() => {
    for (const statements of MIGRATIONS.slice(version, to)) db.exec(statements);
    db.pragma(`user_version = ${Math.max(version, to)}`);
    db.pragma(`application_id = ${APPLICATION_ID}`);
  });
  upgrade.immediate();
}

function storeVersion(db: Database): number {
  return Number(db.pragma("user_version", { simple: true }));
}
