/** The first changes to the store's tables, in order. All of them are released: never edit one. */
export const EARLIER_MIGRATIONS: readonly string[] = [
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
];
