import Sqlite from "better-sqlite3";
import { MaandError } from "../errors.ts";

/** Whether another program holds a lock that SQLite needs. */
export function isBusy(cause: unknown): boolean {
  return cause instanceof Sqlite.SqliteError && BUSY.test(cause.code);
}

const BUSY = /^SQLITE_(BUSY|LOCKED)/;

/** The hint for an unusable store. */
const RESTORE = "restore data/ from a backup; the workers are unchanged";

/** SQLite errors by the prefix of their code, with meaning and hint. */
const REASONS: readonly (readonly [RegExp, string, string])[] = [
  [
    BUSY,
    "another program is writing to it",
    "close the program that has it open, such as sqlite3, and run the command again",
  ],
  [
    /^SQLITE_(FULL|IOERR_(WRITE|SHMSIZE|FSYNC|TRUNCATE))/,
    "its disk is full",
    "free space there and run the command again; nothing is lost",
  ],
  [/^SQLITE_NOTADB/, "it is damaged, or was never a store", RESTORE],
  [/^SQLITE_(CORRUPT|IOERR_SHORT_READ)/, "it is damaged", RESTORE],
  [/^SQLITE_(READONLY|CANTOPEN|PERM)/, "it cannot be written", "check the permissions of data/ and your user"],
];

/** Converts an SQLite error to the error for the store in `file`. */
export function storeBroken(file: string, cause: InstanceType<typeof Sqlite.SqliteError>): MaandError {
  const [, meaning, hint] = REASONS.find(([pattern]) => pattern.test(cause.code)) ?? [];
  return new MaandError({
    code: "STORE_BROKEN",
    message: cannotBeUsed(file, meaning === undefined ? cause.message : `${meaning} (${cause.message})`),
    hint: hint ?? "check free disk space and the permissions of data/; restore it from a backup if it is damaged",
    cause,
  });
}

/**
 * Runs work on the store in `file`. An SQLite error becomes STORE_BROKEN. `onBusy` is called if another program holds a
 * lock.
 */
export function guarded<T>(file: string, work: () => T, onBusy = () => {}): T {
  try {
    return work();
  } catch (cause) {
    if (!(cause instanceof Sqlite.SqliteError)) throw cause;
    if (isBusy(cause)) onBusy();
    throw storeBroken(file, cause);
  }
}

/** The error for a store that is lost; `why` describes the symptom. */
export function damaged(file: string, why: string): MaandError {
  return new MaandError({ code: "STORE_BROKEN", message: cannotBeUsed(file, why), hint: RESTORE });
}

function cannotBeUsed(file: string, why: string): string {
  return `the store ${file} cannot be used: ${why}`;
}
