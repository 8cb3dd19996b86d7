import type { Database } from "better-sqlite3";
import { MaandError } from "../../errors.ts";
import { isBusy } from "../store-error.ts";
import { type Holder, type HolderRecord, isDeadHere, isSameProcess, mayBeAlive, processIdentity } from "./holder.ts";
import { heldBy } from "./holder-text.ts";
import { lockError, lockExclusively, openLockFile } from "./open-lock-file.ts";

/** A held lock. */
export interface Lock {
  release(): void;
}

/**
 * All locks that this process holds. Garbage collection closes an unreferenced handle, and its lock would be lost while
 * its holder continues. A run could be collected this way if nothing awaits its promises.
 */
const held = new Map<Database, string>();

/**
 * Takes the bucket's lock, or throws BUSY and names its holder. The lock is an exclusive transaction on a separate
 * SQLite file, and therefore a lock of the operating system, which always ends with the process. The file is never
 * opened outside SQLite, because closing it would drop the lock. If the lock file is deleted while the lock is held, a
 * second process could lock a new file. In this case, the record of the live holder keeps the second process out.
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

/** The command that holds a bucket's lock, according to the record and its process. Does not take the lock. */
export function lockHolder(record: Pick<HolderRecord, "read">): Holder | undefined {
  const holder = record.read();
  if (!holder) return undefined;
  // a process of another machine cannot be examined here, but reading the record has already checked its lease
  const mayHold = holder.machine === undefined ? mayBeAlive(holder) : !isDeadHere(holder);
  return mayHold ? holder : undefined;
}

function isHeldHere(file: string): boolean {
  return [...held.values()].includes(file);
}

function identified(pid: number): Pick<Holder, "process"> {
  const identity = processIdentity(pid);
  return identity === undefined ? {} : { process: identity };
}

/** Deletes the record. If the record cannot be deleted, it blocks no other command, because its process is about to end. */
function forget(record: HolderRecord): void {
  try {
    record.clear();
  } catch {}
}

function busy(holder: Holder | undefined, cause?: unknown): MaandError {
  const by = holder ? heldBy(holder) : "another maand command that is just starting";
  return new MaandError({
    code: "BUSY",
    message: `the bucket is in use by ${by}`,
    hint: "wait until it has finished, or add --wait; nothing was changed",
    refused: true,
    cause,
  });
}
