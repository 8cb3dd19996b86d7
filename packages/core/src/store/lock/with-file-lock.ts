import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Database } from "better-sqlite3";
import { MaandError } from "../../errors.ts";
import { isBusy } from "../store-error.ts";
import { lockError, lockExclusively, openLockFile } from "./open-lock-file.ts";

/** Queued work of this process, by lock file. */
const turns = new Map<string, Promise<unknown>>();
/** Held locks. They stay referenced, because a garbage-collected handle would release its lock. */
const held = new Set<Database>();

const RETRY_MS = 10;
const LIMIT_MS = 30_000;

/**
 * Waits for the lock `file` and runs `work` while no other process on this machine holds the lock. The file is created
 * if needed and never deleted. The lock is an exclusive SQLite transaction, and therefore a lock of the operating
 * system: it ends with its process, even after `kill -9`. Callers within this process take turns.
 * @throws BUSY after 30 seconds; errors of `work`
 */
export async function withFileLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const run = () => whileLocked(file, work);
  const mine = (turns.get(file) ?? Promise.resolve()).then(run, run);
  const over = mine.then(
    () => {},
    () => {},
  );
  turns.set(file, over);
  over.then(() => turns.get(file) === over && turns.delete(file));
  return mine;
}

async function whileLocked<T>(file: string, work: () => Promise<T>): Promise<T> {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const db = openLockFile(file);
  held.add(db);
  try {
    await lock(db, file);
    return await work();
  } finally {
    held.delete(db);
    db.close();
  }
}

async function lock(db: Database, file: string): Promise<void> {
  const end = performance.now() + LIMIT_MS;
  while (!tryLock(db, file)) {
    if (performance.now() > end) {
      const message = `${file} was locked by another process for ${LIMIT_MS / 1000} s`;
      throw new MaandError({ code: "BUSY", message, hint: `fuser ${file} shows that process` });
    }
    await pause(RETRY_MS * (0.5 + Math.random()));
  }
}

function tryLock(db: Database, file: string): boolean {
  try {
    lockExclusively(db);
    return true;
  } catch (cause) {
    if (isBusy(cause)) return false;
    throw lockError(file, cause);
  }
}
