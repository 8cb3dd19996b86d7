import { MaandError } from "@maand/core";
import { checkFile, isBusy, isGoStore, openSqlite, storeBroken } from "@maand/core/internal";
import Sqlite, { type Database } from "better-sqlite3";
import type { GoBucket } from "./go-bucket.ts";
import { readGoBucket } from "./read-go-bucket.ts";

/** Milliseconds to wait for a Go program that writes. */
const PATIENCE_MS = 1_000;

/**
 * An open store of the Go program that nothing else can write meanwhile: its program holds a write transaction while a command
 * runs, and so does this.
 */
export class GoStore {
  readonly bucket: GoBucket;
  readonly #db: Database;
  readonly #file: string;

  private constructor(db: Database, file: string, bucket: GoBucket) {
    this.#db = db;
    this.#file = file;
    this.bucket = bucket;
  }

  /** Opens and reads it. Throws BUSY while the Go program runs a command, NOT_A_STORE, STORE_BROKEN. */
  static open(file: string): GoStore {
    checkFile(file);
    return guarded(file, () => {
      const db = openSqlite(file, { timeout: PATIENCE_MS });
      try {
        db.exec("BEGIN IMMEDIATE");
        return new GoStore(db, file, readGoBucket(db, file));
      } catch (cause) {
        db.close();
        throw cause;
      }
    });
  }

  /** Closes it, with all that was written in the one file: nothing is left beside it that another store would take for its own. */
  close(): void {
    if (!this.#db.open) return;
    guarded(this.#file, () => {
      this.#db.exec("ROLLBACK");
      this.#db.pragma("wal_checkpoint(TRUNCATE)");
      this.#db.close();
    });
  }
}

/** Whether the file is a store of the Go program. Throws for a file that is not a database at all. */
export function isGoStoreFile(file: string): boolean {
  checkFile(file);
  return guarded(file, () => {
    const db = openSqlite(file, { readonly: true, timeout: PATIENCE_MS });
    try {
      return isGoStore(db);
    } finally {
      db.close();
    }
  });
}

function guarded<T>(file: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof Sqlite.SqliteError)) throw cause;
    if (!isBusy(cause)) throw storeBroken(file, cause);
    throw new MaandError({
      code: "BUSY",
      message: `the Go maand is running a command on ${file}`,
      hint: "wait until it is done; nothing was changed",
      cause,
    });
  }
}
