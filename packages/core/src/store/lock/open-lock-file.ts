import { lstatSync, statSync } from "node:fs";
import Sqlite, { type Database } from "better-sqlite3";
import { MaandError } from "../../errors.ts";
import { makeFile } from "../files/make-file.ts";
import { openSqlite } from "../sqlite.ts";
import { DANGLING, kindOf } from "../store-file.ts";

/**
 * Opens the file of a lock, and creates the file if it is missing. Only SQLite opens an existing file, because closing
 * the file here would drop a lock that this process holds on it. Throws LOCK_BROKEN if the path is not a file.
 */
export function openLockFile(file: string): Database {
  makeFile(file);
  const stats = statSync(file, { throwIfNoEntry: false });
  const wrong = stats ? kindOf(stats) : lstatSync(file, { throwIfNoEntry: false }) && DANGLING;
  if (wrong !== undefined) throw broken(file, wrong);
  try {
    return openSqlite(file, { timeout: 0 });
  } catch (cause) {
    throw lockError(file, cause);
  }
}

/** Takes the lock of an open lock file. Throws the error of SQLite if another process holds it. */
export function lockExclusively(db: Database): void {
  db.pragma("journal_mode = MEMORY"); // nothing is ever written, so a journal on disk would only waste space
  db.exec("BEGIN EXCLUSIVE");
}

/** Converts an error of SQLite to LOCK_BROKEN; any other error is returned unchanged. */
export function lockError(file: string, cause: unknown): unknown {
  if (!(cause instanceof Sqlite.SqliteError)) return cause;
  return broken(file, cause.code === "SQLITE_NOTADB" ? "it is not a lock file of maand" : cause.message, cause);
}

function broken(file: string, why: string, cause?: unknown): MaandError {
  return new MaandError({
    code: "LOCK_BROKEN",
    message: `the lock file ${file} cannot be used: ${why}`,
    hint: "if no maand process uses this bucket, delete it; the next command creates it again",
    cause,
  });
}
