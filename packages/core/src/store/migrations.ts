import type { Database } from "better-sqlite3";
import { MaandError } from "../errors.ts";
import { EARLIER_MIGRATIONS } from "./earlier/earlier-migrations.ts";
import { PLACEMENT_MIGRATION } from "./placement/placement-migration.ts";
import { SETTLED_MIGRATION } from "./settled/settled-migration.ts";
import { APPLICATION_ID } from "./store-file.ts";

/**
 * All changes to the store's tables, in order. The store's `user_version` is the number of applied changes. Only
 * append to this list: never edit a released migration.
 */
const MIGRATIONS: readonly string[] = [
  ...EARLIER_MIGRATIONS,
  `
  -- the numbered releases of each job, as builds found them; held: why the release is not deployed, as JSON
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
  -- the release of each job that a run rolled out, and the release that ran before
  CREATE TABLE run_release (
    run INTEGER NOT NULL,
    job TEXT NOT NULL,
    release INTEGER NOT NULL,
    previous INTEGER,
    PRIMARY KEY (run, job)
  ) WITHOUT ROWID;
  `,
  `
  -- the state that plugins keep between runs, as JSON
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
  -- the name under which a worker keeps a receipt of the step; a later run that continues the step uses the same name
  ALTER TABLE step ADD COLUMN receipt TEXT;
  -- the update_seq that the files of the step were rendered with
  ALTER TABLE step ADD COLUMN update_seq INTEGER;
  `,
  `
  -- the bucket's directory on a worker is now always known without a connection
  ALTER TABLE delivery DROP COLUMN expected_root;
  `,
  `
  -- allocations that a command without a journal took down, and that were not seen healthy or started since
  CREATE TABLE hold (
    allocation TEXT PRIMARY KEY REFERENCES allocation (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    held_by TEXT NOT NULL,
    since TEXT NOT NULL,
    user TEXT NOT NULL
  ) WITHOUT ROWID;
  -- drained: disabled through its worker, and not through its job
  ALTER TABLE allocation ADD COLUMN drained INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- maintenances of workers; the one without finished_at is open. request: as JSON
  CREATE TABLE maintenance (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    request TEXT NOT NULL,
    shown_command TEXT,
    started_at TEXT NOT NULL,
    started_by TEXT NOT NULL,
    finished_at TEXT,
    outcome TEXT
  );
  -- the state of each worker of a maintenance; a phase is recorded before it begins
  CREATE TABLE maintenance_worker (
    maintenance INTEGER NOT NULL REFERENCES maintenance (number) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    host TEXT NOT NULL,
    state TEXT NOT NULL,
    phase TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    boot_id TEXT,
    message TEXT,
    since TEXT NOT NULL,
    PRIMARY KEY (maintenance, host)
  ) WITHOUT ROWID;
  -- the allocations that a maintenance stopped; it starts only these again
  CREATE TABLE maintenance_stop (
    maintenance INTEGER NOT NULL REFERENCES maintenance (number) ON DELETE CASCADE,
    allocation TEXT NOT NULL,
    host TEXT NOT NULL,
    started INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (maintenance, allocation)
  ) WITHOUT ROWID;
  `,
  `
  -- the last repair of a job on a worker, and how often it was repeated; job: empty for the metadata of the worker
  CREATE TABLE repair (
    worker TEXT NOT NULL, job TEXT NOT NULL, difference TEXT NOT NULL, times INTEGER NOT NULL,
    first_at TEXT NOT NULL, last_at TEXT NOT NULL, PRIMARY KEY (worker, job)
  ) WITHOUT ROWID;
  -- workers that deploys could not reach, until a deploy has brought them up to date
  CREATE TABLE left_behind (
    host TEXT PRIMARY KEY,
    since TEXT NOT NULL,
    last_at TEXT NOT NULL,
    reason TEXT NOT NULL,
    times INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  -- the source of each secret: its reference, the version of the KV entry that was written with it, and the time
  CREATE TABLE secret_source (
    namespace TEXT NOT NULL,
    key TEXT NOT NULL,
    reference TEXT NOT NULL,
    version INTEGER NOT NULL,
    read_at INTEGER NOT NULL,
    PRIMARY KEY (namespace, key)
  ) WITHOUT ROWID;
  `,
  `
  -- which copy of the bucket this store is, as JSON
  ALTER TABLE bucket ADD COLUMN copy TEXT;
  -- every command that took the lock to change something; its number and holder are its fence on workers.
  -- jobs and workers: what it changed, as JSON lists
  CREATE TABLE history (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    holder TEXT NOT NULL UNIQUE,
    id TEXT,
    run INTEGER,
    command TEXT NOT NULL,
    user TEXT,
    machine TEXT,
    path TEXT,
    git_commit TEXT,
    jobs TEXT,
    workers TEXT,
    started_at TEXT NOT NULL,
    finished_at TEXT,
    outcome TEXT
  );
  INSERT INTO history (holder, id, run, command, started_at, finished_at, outcome)
    SELECT 'run ' || number, id, number, command, started_at, finished_at, outcome FROM run ORDER BY number;
  CREATE INDEX history_run ON history (run);
  -- commands of other copies whose work this copy has taken over
  CREATE TABLE adopted_holder (
    holder TEXT PRIMARY KEY, origin TEXT NOT NULL, adopted_at TEXT NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  -- a run counts its steps of an allocation before each action; an index by run alone would read all its steps
  DROP INDEX step_run;
  CREATE INDEX step_run ON step (run, allocation);
  `,
  SETTLED_MIGRATION,
  PLACEMENT_MIGRATION,
];

/** The table version that this version of maand writes. */
export const STORE_VERSION = MIGRATIONS.length;

/**
 * Migrates a store to {@link STORE_VERSION}, completely or not at all. Refuses a newer store, because this version of
 * maand would lose the data that it does not support. Tests pass an older `to` to create an old store.
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

/** A migration that a store still needs. */
export interface PendingMigration {
  /** The version of the store after this migration. */
  readonly version: number;
  /** The tables that this migration creates or changes. */
  readonly tables: readonly string[];
}

/** The migrations that a store of this version needs, in order; none for a newer store. */
export function pendingMigrations(version: number): PendingMigration[] {
  return MIGRATIONS.slice(version).map((statements, at) => ({
    version: version + at + 1,
    tables: [...new Set([...statements.matchAll(TABLE)].map(([, table = ""]) => table))],
  }));
}

const TABLE =
  /^\s*(?:CREATE TABLE(?: IF NOT EXISTS)?|ALTER TABLE|DROP TABLE(?: IF EXISTS)?|UPDATE|INSERT INTO|DELETE FROM|CREATE INDEX \w+ ON) (\w+)/gm;
