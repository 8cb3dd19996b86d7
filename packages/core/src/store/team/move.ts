import type { Database } from "better-sqlite3";
import { MaandError } from "../../errors.ts";
import { copyStore } from "../files/copy-store.ts";
import { makeFile } from "../files/make-file.ts";
import { migrate, STORE_VERSION } from "../migrations.ts";
import { openSqlite } from "../sqlite.ts";
import { checkFile, recognise } from "../store-file.ts";
import type { Authority } from "./authority.ts";
import { checkReplica } from "./check-replica.ts";
import { dropReplica, type Replica, readReplica, writeReplica } from "./replica-row.ts";
import { allRows, type RowChange } from "./row-changes.ts";
import { authorityOf, type SharedStore } from "./shared-store.ts";

/** The result of a move. */
export interface Moved {
  readonly bucket: string;
  /** The number of rows, each compared after the move. */
  readonly rows: number;
  /** The file with the old store; undefined if it stays in the database. */
  readonly kept: string | undefined;
}

/**
 * Moves the store in `file` to a database, and makes the file its working copy. All rows are stored there in one
 * change, and are then read back and compared. The old store is kept as `<file>.moved` and can no longer be used. If a
 * move is interrupted, run it again.
 */
export function moveToDatabase(file: string, shared: SharedStore): Moved {
  const db = openStoreFile(file);
  try {
    const known = readReplica(db);
    if (known) throw alreadyMoved(file, known, shared.url);
    const bucket = String(db.prepare("SELECT bucket_id FROM bucket").pluck().get());
    // the holder is the command that moves the store; its record is not valid in the new place
    db.exec("UPDATE bucket SET holder = NULL");
    const authority = authorityOf(shared, bucket);
    try {
      authority.create(STORE_VERSION);
      const { revision, change } = upload(db, authority);
      const rows = compareRows(db, authority);
      const replica = { url: shared.url, bucket, revision, change, syncedAt: shared.now() };
      const kept = keepOld(db, file, replica);
      writeReplica(db, replica);
      return { bucket, rows, kept };
    } finally {
      authority.close();
    }
  } finally {
    db.close();
  }
}

/**
 * Makes the working copy in `file` the store again; it must be up to date under the lease. The rows in the database
 * stay there, and the database refuses every change from now on.
 */
export function moveToSqlite(file: string, shared: SharedStore, to: string): Moved {
  const db = openStoreFile(file);
  try {
    const replica = readReplica(db);
    if (!replica) throw alreadyHere(file);
    const authority = authorityOf(shared, replica.bucket);
    try {
      const rows = compareRows(db, authority);
      authority.markMoved(to);
      dropReplica(db);
      return { bucket: replica.bucket, rows, kept: undefined };
    } finally {
      authority.close();
    }
  } finally {
    db.close();
  }
}

/** Creates a working copy of a bucket whose store is in a database. The copy has no rows yet. */
export function makeWorkingCopy(file: string, { url }: Pick<SharedStore, "url">, bucket: string): void {
  makeFile(file);
  const db = openSqlite(file, {});
  try {
    migrate(db);
    writeReplica(db, { url, bucket, revision: 0, change: null, syncedAt: null });
  } finally {
    db.close();
  }
}

/** The bucket of the working copy in `file`. Throws STORE_MOVED if the file is not a working copy. */
export function bucketOfCopy(file: string, url: string): string {
  checkFile(file);
  const db = openSqlite(file, { readonly: true, timeout: 5000 });
  try {
    return checkReplica(db, url, file)?.bucket ?? "";
  } finally {
    db.close();
  }
}

/** Opens the SQLite file of a store and migrates it, without connecting to a database. */
export function openStoreFile(file: string): Database {
  checkFile(file);
  const db = openSqlite(file, { timeout: 5000 });
  try {
    recognise(db, file);
    migrate(db);
    return db;
  } catch (cause) {
    db.close();
    throw cause;
  }
}

/** Stores all rows as one change, unless an interrupted move has already stored the same rows. */
function upload(db: Database, authority: Authority): { readonly revision: number; readonly change: string | null } {
  const wasMoved = authority.unmarkMoved();
  const { standing } = authority.pull(0);
  if (standing.revision > 0 && differingRow(db, authority) === undefined)
    return { revision: standing.revision, change: standing.lastChange };
  if (standing.revision > 0 && !wasMoved) throw bucketExists(authority);
  const done = authority.apply({
    expected: standing.revision,
    rows: allRows(db),
    lease: undefined,
    version: STORE_VERSION,
    replace: true,
  });
  if (done.outcome === "stored") return done;
  throw new MaandError({
    code: "BUSY",
    message: `another command uses the bucket in ${authority.url}`,
    hint: "wait for it",
  });
}

/** Compares the rows of both stores, and returns their number. Throws STORE_BROKEN if a row differs. */
function compareRows(db: Database, authority: Authority): number {
  const differing = differingRow(db, authority);
  if (differing === undefined) return [...allRows(db)].length;
  throw new MaandError({
    code: "STORE_BROKEN",
    message: `the row ${differing} is not the same in ${authority.url}; the store was not moved`,
    hint: "run the command again; nothing was lost",
  });
}

function differingRow(db: Database, authority: Authority): string | undefined {
  const here = new Map<string, RowChange>();
  for (const row of allRows(db)) here.set(`${row.name} ${row.key}`, row);
  for (const { rows } of authority.parts(authority.pull(0), 0))
    for (const there of rows) {
      const place = `${there.name} ${there.key}`;
      const own = here.get(place);
      if (own?.row !== there.row || !isSame(own.bytes, there.bytes)) return place;
      here.delete(place);
    }
  return [...here.keys()][0];
}

function isSame(one: Buffer | null, other: Buffer | null): boolean {
  return one === null || other === null ? one === other : one.equals(other);
}

function keepOld(db: Database, file: string, replica: Replica): string {
  const kept = `${file}.moved`;
  copyStore(db, kept);
  const old = openSqlite(kept, {});
  try {
    writeReplica(old, { ...replica, revision: 0, change: null, syncedAt: null });
  } finally {
    old.close();
  }
  return kept;
}

function alreadyMoved(file: string, { url }: Replica, to: string): MaandError {
  return new MaandError({
    code: "STORE_MOVED",
    message: `${file} is already a working copy: the store is in ${url}`,
    hint: url === to ? `write store = "${url}" into maand.conf` : "move it back first: maand store move --to sqlite",
  });
}

function alreadyHere(file: string): MaandError {
  return new MaandError({
    code: "STORE_MOVED",
    message: `the store is already in ${file}`,
    hint: "remove store from maand.conf",
  });
}

function bucketExists(authority: Authority): MaandError {
  return new MaandError({
    code: "STORE_MOVED",
    message: `${authority.url} already has bucket ${authority.bucket}, with other rows; nothing was changed`,
    hint: `another copy of this bucket was moved there: to use that one, run maand clone ${authority.url} --bucket ${authority.bucket} DIR`,
  });
}
