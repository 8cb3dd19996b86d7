/** The first changes to the store's tables, in order. All of them are released, so their effect must never change. */
export const EARLIER_MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE bucket (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    bucket_id TEXT NOT NULL,
    update_seq INTEGER NOT NULL DEFAULT 0
  );
  -- removed workers stay until gc, so that jobs that still run there can be stopped
  CREATE TABLE worker (
    host TEXT PRIMARY KEY,
    worker_id TEXT NOT NULL UNIQUE,
    removed INTEGER NOT NULL DEFAULT 0,
    spec TEXT NOT NULL
  ) WITHOUT ROWID;
  -- the last delivery to each worker; its files are on the worker only if delivered_seq is not null
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
  -- the list of files of each digest, stored once for all allocations that share it
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
  -- the journal: a row is written before every remote action, and its result afterwards
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
  -- jobs with pending post-deploy work
  CREATE TABLE pending_after (job TEXT PRIMARY KEY) WITHOUT ROWID;
  `,
  `
  -- the KV entries: the last versions of each key, including deletions; the newest version is valid
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
  -- the inputs that the promoted files were rendered with: the previous version, and the delivery counter
  ALTER TABLE promoted ADD COLUMN previous_version TEXT;
  ALTER TABLE promoted ADD COLUMN update_seq INTEGER;
  `,
  `
  -- digest of the job's files that a plan was made from; shows whether a build has changed them since then
  ALTER TABLE planned ADD COLUMN source TEXT;
  `,
  `
  -- the last promotions of each allocation, whose file contents are kept for diffs
  CREATE TABLE promotion (
    allocation TEXT NOT NULL REFERENCES allocation (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    digest TEXT NOT NULL REFERENCES tree (digest),
    PRIMARY KEY (allocation, number)
  ) WITHOUT ROWID;
  CREATE INDEX promotion_digest ON promotion (digest);
  INSERT INTO promotion (allocation, number, digest) SELECT allocation, 1, digest FROM promoted;
  -- kept: the content is kept for diffs; sealed: the bytes are encrypted, and secrets in them are masked before that
  ALTER TABLE content ADD COLUMN kept INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE content ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
  UPDATE content SET kept = 1 WHERE length(bytes) <= 1048576
    AND hash IN (SELECT json_extract(value, '$.hash') FROM tree, json_each(tree.files));
  `,
  `
  -- tools that were found on the worker before the last complete delivery; they are not searched for again
  ALTER TABLE delivery ADD COLUMN tools TEXT;
  `,
  `
  -- promoted allocations whose health was not checked since; first: checked before anything else, or with the next batch
  CREATE TABLE pending_health (
    allocation TEXT PRIMARY KEY REFERENCES allocation (id) ON DELETE CASCADE,
    first INTEGER NOT NULL
  ) WITHOUT ROWID;
  `,
  `
  -- large content is stored in pieces, the first of them in the table content, so that it need not fit into memory
  ALTER TABLE content ADD COLUMN pieces INTEGER NOT NULL DEFAULT 1;
  CREATE TABLE content_piece (
    hash TEXT NOT NULL REFERENCES content (hash) ON DELETE CASCADE,
    number INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (hash, number)
  );
  `,
  `
  -- the process that holds the bucket's lock, as JSON; it protects the lock if the lock file is deleted
  ALTER TABLE bucket ADD COLUMN holder TEXT;
  `,
  `
  -- the workspace of the last build, as JSON: digests of its parts
  ALTER TABLE bucket ADD COLUMN built TEXT;
  `,
  `
  -- root: the directory on the worker to which files were delivered; expected_root: the directory that was expected
  -- without a connection; both are null after a delivery by an older maand
  ALTER TABLE delivery ADD COLUMN root TEXT;
  ALTER TABLE delivery ADD COLUMN expected_root TEXT;
  `,
];
