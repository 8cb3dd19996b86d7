import { MaandError } from "@maand/core";
import { checkFile, isBusy, isGoStore, openSqlite, storeBroken } from "@maand/core/internal";
import Sqlite, { type Database } from "better-sqlite3";
import type { GoBucket } from "./go-bucket.ts";
import { readGoBucket } from "./read-go-bucket.ts";

/** Milliseconds to wait while the Go program writes. */
const PATIENCE_MS = 1_000;

/**
 * An open store of the Go program. No other program can write to it while it is open: like a running command of the Go
 * program, it holds a write transaction.
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

  /**
   * Opens and reads the store. Throws BUSY while the Go program runs a command. Also throws NOT_A_STORE and
   * STORE_BROKEN.
   */
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

  /**
   * Closes the store with all data in a single file, so that no leftover file next to it can be mistaken for a part of
   * another store.
   */
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
      message: `the Go program is running a command on ${file}`,
      hint: "wait until it has finished; nothing was changed",
      cause,
    });
  }
}
