import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import Sqlite from "better-sqlite3";
import { MaandError } from "../errors.ts";

/** Who holds a bucket's lock. */
export interface Holder {
  readonly pid: number;
  readonly command: string;
  /** UTC, ISO 8601. */
  readonly since: string;
}

/** A held lock. */
export interface Lock {
  release(): void;
}

/**
 * Takes the bucket's lock, or throws BUSY naming its holder. The lock is an exclusive transaction on a SQLite file of
 * its own, which is a lock of the operating system: it goes when the process goes, however that ends. The holder's name
 * stands beside it and is only read by others to be told to a person.
 */
export function takeLock(file: string, holder: Holder): Lock {
  closeSync(openSync(file, "a", 0o600)); // SQLite would make it readable for others
  const db = new Sqlite(file, { timeout: 0 });
  try {
    db.pragma("journal_mode = DELETE");
    db.exec("BEGIN EXCLUSIVE");
  } catch (cause) {
    db.close();
    throw isBusy(cause) ? busy(file, cause) : cause;
  }
  writeHolder(file, holder);
  return {
    release() {
      rmSync(holderFile(file), { force: true });
      db.close();
    },
  };
}

/** Who holds a bucket's lock, as far as its name and its process tell; undefined when nobody does. Takes nothing. */
export function lockHolder(file: string): Holder | undefined {
  const holder = readHolder(file);
  return holder && isAlive(holder.pid) ? holder : undefined;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
}

function busy(file: string, cause: unknown): MaandError {
  const holder = readHolder(file);
  const who = holder
    ? `maand ${holder.command} (pid ${holder.pid}, since ${holder.since})`
    : "another maand that is just beginning";
  return new MaandError({
    code: "BUSY",
    message: `the bucket is in use by ${who}`,
    hint: "wait until it is done; nothing was changed",
    cause,
  });
}

function isBusy(cause: unknown): boolean {
  return cause instanceof Sqlite.SqliteError && cause.code.startsWith("SQLITE_BUSY");
}

function holderFile(file: string): string {
  return `${file}.holder`;
}

function writeHolder(file: string, holder: Holder): void {
  const draft = `${holderFile(file)}.${holder.pid}`;
  writeFileSync(draft, JSON.stringify(holder), { mode: 0o600 });
  renameSync(draft, holderFile(file));
}

function readHolder(file: string): Holder | undefined {
  try {
    const value: Holder = JSON.parse(readFileSync(holderFile(file), "utf8"));
    return value;
  } catch {
    return undefined;
  }
}
