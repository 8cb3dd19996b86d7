/** The version of the schema `maand` in PostgreSQL that this version of maand creates and needs. */
export const SCHEMA_VERSION = 1;

/** The approximate number of bytes of rows in one result or call. A single row can be larger. */
export const PART_BYTES = 8 * 1024 * 1024;

/**
 * The number of changes after which records of deleted rows are purged. A working copy that is older is replaced
 * completely.
 */
const KEPT_CHANGES = 5000;

/**
 * The tables. `record` has every row of every store: `row` is a JSON object of its columns, except the column with
 * bytes, and null for a deleted row. `revision` is the revision of the last change that wrote it.
 */
const TABLES = `
CREATE SCHEMA IF NOT EXISTS maand;
CREATE TABLE maand.layout (version integer NOT NULL, minimum_client integer NOT NULL);
INSERT INTO maand.layout VALUES (${SCHEMA_VERSION}, 1);
CREATE TABLE maand.bucket (
  id text PRIMARY KEY,
  revision bigint NOT NULL DEFAULT 0,
  store_version integer NOT NULL,
  pruned bigint NOT NULL DEFAULT 0,
  moved_to text
);
CREATE TABLE maand.record (
  bucket text NOT NULL REFERENCES maand.bucket ON DELETE CASCADE,
  name text NOT NULL,
  key text NOT NULL,
  row json,
  bytes bytea,
  revision bigint NOT NULL,
  PRIMARY KEY (bucket, name, key)
);
CREATE INDEX record_revision ON maand.record (bucket, revision);
CREATE TABLE maand.change (
  bucket text NOT NULL REFERENCES maand.bucket ON DELETE CASCADE,
  revision bigint NOT NULL,
  id text NOT NULL,
  lease bigint,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (bucket, revision),
  UNIQUE (bucket, id)
);
CREATE TABLE maand.upload (
  bucket text NOT NULL REFERENCES maand.bucket ON DELETE CASCADE,
  change text NOT NULL,
  part integer NOT NULL,
  name text NOT NULL,
  key text NOT NULL,
  row json,
  bytes bytea,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (bucket, change, name, key)
);
CREATE TABLE maand.lease (
  bucket text PRIMARY KEY REFERENCES maand.bucket ON DELETE CASCADE,
  number bigint NOT NULL DEFAULT 0,
  nonce text,
  holder json,
  expires_at timestamptz
);
CREATE TABLE maand.run_record (
  bucket text NOT NULL REFERENCES maand.bucket ON DELETE CASCADE,
  run text NOT NULL,
  seq integer NOT NULL,
  lines text NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (bucket, run, seq)
);
CREATE INDEX run_record_at ON maand.run_record (bucket, at);
`;

/** Every result begins with a row without a name, whose `row` is the state of the bucket. */
const HEADER = `
CREATE FUNCTION maand.header(of text, since bigint, more json) RETURNS json LANGUAGE sql STABLE AS $$
  SELECT json_build_object(
    'schema', (SELECT version FROM maand.layout), 'minimum', (SELECT minimum_client FROM maand.layout),
    'revision', b.revision, 'version', b.store_version, 'pruned', b.pruned, 'movedTo', b.moved_to,
    'lastChange', (SELECT c.id FROM maand.change c WHERE c.bucket = of AND c.revision = b.revision),
    'sinceChange', (SELECT c.id FROM maand.change c WHERE c.bucket = of AND c.revision = since),
    'lease', (SELECT json_build_object('number', l.number, 'nonce', l.nonce, 'holder', l.holder,
      'leftMs', extract(epoch FROM l.expires_at - clock_timestamp()) * 1000) FROM maand.lease l WHERE l.bucket = of),
    'more', more)
  FROM maand.bucket b WHERE b.id = of
$$;
`;

/** The rows changed after a revision, in parts. `after_name` and `after_key` name the last row of the previous part. */
const PULL = `
CREATE FUNCTION maand.pull(of text, since bigint, after_name text, after_key text)
RETURNS TABLE (name text, key text, "row" text, bytes bytea) LANGUAGE plpgsql STABLE AS $$
DECLARE
  one record;
  total bigint := 0;
  head json := maand.header(of, since, NULL);
BEGIN
  IF head IS NULL THEN RETURN; END IF;
  name := ''; key := ''; "row" := head::text; bytes := NULL;
  RETURN NEXT;
  FOR one IN
    SELECT r.name, r.key, r.row, r.bytes FROM maand.record r
    WHERE r.bucket = of AND r.revision > since AND (since > 0 OR r.row IS NOT NULL) AND (r.name, r.key) > (after_name, after_key)
    ORDER BY r.name, r.key
  LOOP
    name := one.name; key := one.key; "row" := one.row::text; bytes := one.bytes;
    RETURN NEXT;
    total := total + 100 + coalesce(octet_length(one.bytes), 0) + coalesce(octet_length("row"), 0);
    EXIT WHEN total > ${PART_BYTES};
  END LOOP;
  IF total > ${PART_BYTES} THEN
    name := ''; key := ''; "row" := '{"continues": true}'; bytes := NULL;
    RETURN NEXT;
  END IF;
END $$;
`;

/** Writes of the lease and of changes reach the disk before the database responds, even if its default is different. */
const DURABLE = `
  IF current_setting('synchronous_commit') = 'off' THEN PERFORM set_config('synchronous_commit', 'on', true); END IF;`;

/**
 * Takes the lease if it is free or has expired, in one atomic step. A repeated call with the same nonce succeeds,
 * because the first result may have been lost. The row of the bucket is locked first, so that no change is stored at
 * the same time.
 */
const LEASE = `
CREATE FUNCTION maand.take(of text, since bigint, mine text, who json, ttl_ms bigint)
RETURNS TABLE (name text, key text, "row" text, bytes bytea) LANGUAGE plpgsql AS $$
BEGIN${DURABLE}
  PERFORM 1 FROM maand.bucket b WHERE b.id = of AND b.moved_to IS NULL FOR UPDATE;
  IF FOUND THEN
    INSERT INTO maand.lease AS l (bucket, number) VALUES (of, 0) ON CONFLICT DO NOTHING;
    UPDATE maand.lease l SET
      number = CASE WHEN l.nonce = mine THEN l.number ELSE l.number + 1 END,
      nonce = mine, holder = who, expires_at = clock_timestamp() + ttl_ms * interval '1 millisecond'
    WHERE l.bucket = of AND (l.nonce IS NULL OR l.nonce = mine OR l.expires_at < clock_timestamp());
  END IF;
  RETURN QUERY SELECT * FROM maand.pull(of, since, '', '');
END $$;
CREATE FUNCTION maand.renew(of text, its bigint, mine text, ttl_ms bigint) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN${DURABLE}
  UPDATE maand.lease SET expires_at = clock_timestamp() + ttl_ms * interval '1 millisecond'
  WHERE bucket = of AND number = its AND nonce = mine;
  RETURN FOUND;
END $$;
CREATE FUNCTION maand.release(of text, its bigint, mine text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  UPDATE maand.lease SET nonce = NULL, holder = NULL, expires_at = NULL
  WHERE bucket = of AND number = its AND nonce = mine;
  RETURN FOUND;
END $$;
`;

/**
 * Stores a change with all its rows, including the parts that were uploaded before, or stores nothing. With `replace`,
 * all other rows are deleted. The outcome is 'stored', even if the change was already stored; 'lease' if the
 * caller no longer holds the lease; 'outdated' if another command has changed the bucket; 'missing' if there is no such
 * bucket; 'moved' if the bucket was moved; and 'incomplete' if a part was not uploaded.
 */
const APPLY = `
CREATE FUNCTION maand.apply(
  of text, expected bigint, change_id text, lease_number bigint, lease_nonce text, version integer, replace boolean,
  parts integer, names text[], keys text[], rows json[], contents bytea[]
) RETURNS json LANGUAGE plpgsql AS $$
DECLARE
  now_at bigint;
  gone text;
  done bigint;
  fresh bigint;
BEGIN${DURABLE}
  SELECT b.revision, b.moved_to INTO now_at, gone FROM maand.bucket b WHERE b.id = of FOR UPDATE;
  IF NOT FOUND THEN RETURN json_build_object('outcome', 'missing'); END IF;
  SELECT c.revision INTO done FROM maand.change c WHERE c.bucket = of AND c.id = change_id;
  IF FOUND THEN RETURN json_build_object('outcome', 'stored', 'revision', done); END IF;
  IF gone IS NOT NULL THEN RETURN json_build_object('outcome', 'moved', 'to', gone); END IF;
  IF lease_nonce IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM maand.lease l WHERE l.bucket = of AND l.number = lease_number AND l.nonce = lease_nonce
  ) THEN
    RETURN json_build_object('outcome', 'lease', 'holder',
      (SELECT l.holder FROM maand.lease l WHERE l.bucket = of), 'number', (SELECT l.number FROM maand.lease l WHERE l.bucket = of));
  END IF;
  IF now_at <> expected THEN RETURN json_build_object('outcome', 'outdated', 'revision', now_at); END IF;
  IF (SELECT count(DISTINCT u.part) FROM maand.upload u WHERE u.bucket = of AND u.change = change_id) <> parts THEN
    RETURN json_build_object('outcome', 'incomplete');
  END IF;
  fresh := now_at + 1;
  UPDATE maand.bucket SET revision = fresh, store_version = coalesce(version, store_version) WHERE id = of;
  INSERT INTO maand.change (bucket, revision, id, lease) VALUES (of, fresh, change_id, lease_number);
  INSERT INTO maand.record AS r (bucket, name, key, row, bytes, revision)
    SELECT of, u.name, u.key, u.row, u.bytes, fresh
    FROM unnest(names, keys, rows, contents) AS u (name, key, row, bytes)
    UNION ALL
    SELECT of, u.name, u.key, u.row, u.bytes, fresh FROM maand.upload u WHERE u.bucket = of AND u.change = change_id
  ON CONFLICT (bucket, name, key) DO UPDATE SET row = excluded.row, bytes = excluded.bytes, revision = excluded.revision;
  IF parts > 0 THEN DELETE FROM maand.upload u WHERE u.bucket = of AND (u.change = change_id OR u.at < clock_timestamp() - interval '1 day'); END IF;
  IF replace THEN
    UPDATE maand.record r SET row = NULL, bytes = NULL, revision = fresh WHERE r.bucket = of AND r.revision < fresh AND r.row IS NOT NULL;
  END IF;
  IF fresh % 500 = 0 AND fresh > ${KEPT_CHANGES} THEN
    DELETE FROM maand.record r WHERE r.bucket = of AND r.row IS NULL AND r.revision <= fresh - ${KEPT_CHANGES};
    DELETE FROM maand.change c WHERE c.bucket = of AND c.revision < fresh - ${KEPT_CHANGES};
    UPDATE maand.bucket SET pruned = fresh - ${KEPT_CHANGES} WHERE id = of;
  END IF;
  RETURN json_build_object('outcome', 'stored', 'revision', fresh);
END $$;
CREATE FUNCTION maand.put_part(of text, change_id text, number integer, names text[], keys text[], rows json[], contents bytea[])
RETURNS void LANGUAGE sql AS $$
  INSERT INTO maand.upload (bucket, change, part, name, key, row, bytes)
  SELECT of, change_id, number, u.name, u.key, u.row, u.bytes FROM unnest(names, keys, rows, contents) AS u (name, key, row, bytes)
  ON CONFLICT (bucket, change, name, key) DO UPDATE SET row = excluded.row, bytes = excluded.bytes, part = excluded.part
$$;
`;

/** Creates the schema in one transaction. Fails if its tables exist. */
export const CREATE_SCHEMA = [TABLES, HEADER, PULL, LEASE, APPLY].join("\n");
