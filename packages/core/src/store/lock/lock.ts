import type { Database } from "better-sqlite3";
import { MaandError } from "../../errors.ts";
import { isBusy } from "../store-error.ts";
import { type Holder, type HolderRecord, isSameProcess, mayBeAlive, processIdentity } from "./holder.ts";
import { lockError, lockExclusively, openLockFile } from "./lock-file.ts";

/** A held lock. */
export interface Lock {
  release(): void;
}

/**
 * Every lock this process holds. A handle that nothing refers to is closed when garbage is collected, and its lock is
 * lost while its holder runs on; a run whose promises nothing waits for is such garbage.
 */
const held = new Map<Database, string>();

/**
 * Takes the bucket's lock, or throws BUSY naming its holder. The lock is an exclusive transaction on an SQLite file of
 * its own, which is a lock of the operating system: it goes when the process goes, however that ends. The file is never
 * opened beside SQLite, since closing it would drop the lock. A lock file that was deleted while it was held can be
 * taken again; then the holder in the store's record, if it lives, keeps the second one out.
 */
export function takeLock(file: string, holder: Holder, record: HolderRecord): Lock {
  const db = openLockFile(file);
  try {
    lockExclusively(db);
    const other = record.read();
    if (other && isSameProcess(other) && (other.pid !== process.pid || isHeldHere(file))) throw busy(other);
    record.write({ ...holder, ...identified(holder.pid) });
  } catch (cause) {
    db.close();
    throw isBusy(cause) ? busy(record.read(), cause) : lockError(file, cause);
  }
  held.set(db, file);
  return {
    release() {
      if (!held.delete(db)) return;
      forget(record);
      db.close();
    },
  };
}

/** The command that holds a bucket's lock, as far as the record and its process tell. Takes nothing. */
export function lockHolder(record: Pick<HolderRecord, "read">): Holder | undefined {
  const holder = record.read();
  return holder && mayBeAlive(holder) ? holder : undefined;
}

function isHeldHere(file: string): boolean {
  return [...held.values()].includes(file);
}

function identified(pid: number): Pick<Holder, "process"> {
  const identity = processIdentity(pid);
  return identity === undefined ? {} : { process: identity };
}

/** What cannot be taken back names a process that is gone soon, which keeps nobody out. */
function forget(record: HolderRecord): void {
  try {
    record.clear();
  } catch {}
}

function busy(holder: Holder | undefined, cause?: unknown): MaandError {
  const by = holder
    ? `maand ${holder.command} (pid ${holder.pid}, since ${holder.since})`
    : "another maand that is just beginning";
  return new MaandError({
    code: "BUSY",
    message: `the bucket is in use by ${by}`,
    hint: "wait until it is done; nothing was changed",
    cause,
  });
}
