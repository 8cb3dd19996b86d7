import { hostname } from "node:os";
import type { BucketPaths } from "../../config/find-bucket.ts";
import { type StoreOptions, storePlace } from "../../config/store/store-place.ts";
import { MaandError } from "../../errors.ts";
import { takeLock } from "../../store/lock/bucket-lock.ts";
import { withMachine } from "../../store/lock/holder.ts";
import type { Store } from "../../store/store.ts";
import { takeLease } from "../../store/team/lease.ts";
import { type Moved, moveToDatabase, moveToSqlite } from "../../store/team/move.ts";
import { userName } from "../../workspace/authorship.ts";
import { openStore } from "../open-store.ts";
import { writeStoreSetting } from "./write-store-setting.ts";

/** The process that works on a store. */
export interface StoreUser {
  readonly pid: number;
  readonly now: () => Date;
}

/** The result of `maand store move`. */
export interface MovedStore extends Moved {
  /** The new place of the store. */
  readonly place: string;
}

/**
 * Moves the store of a bucket to a database, or back to `sqlite`, and writes the new place into maand.conf. It holds
 * the lock, so no other command uses the bucket during the move. If a move is interrupted, run it again.
 */
export function moveStore(paths: BucketPaths, to: string, user: StoreUser): MovedStore {
  const target = storePlace(paths, { place: to });
  const source = storePlace(paths);
  if (target) {
    const moved = whileHeld(paths, "store move", user, { place: "sqlite" }, () => moveToDatabase(paths.store, target));
    writeStoreSetting(paths.conf, target.url);
    return { ...moved, place: target.url };
  }
  if (!source)
    throw new MaandError({
      code: "STORE_MOVED",
      message: `the store of this bucket is in ${paths.store} already`,
      hint: "name another place: maand store move --to postgres://user@host/database",
    });
  const place = `${hostname()}:${paths.store}`;
  const moved = whileHeld(paths, "store move", user, {}, () => moveToSqlite(paths.store, source, place));
  writeStoreSetting(paths.conf, undefined);
  return { ...moved, place: paths.store };
}

/** Opens the store, takes its lock or lease, and runs `work` on it. */
export function whileHeld<T>(
  paths: BucketPaths,
  command: string,
  { pid, now }: StoreUser,
  options: StoreOptions,
  work: (store: Store) => T,
): T {
  const store = openStore(paths, options);
  try {
    const holder = { pid, command, since: now().toISOString() };
    const copy = store.workingCopy;
    const lock = copy
      ? takeLease(copy, withMachine(holder, userName()), () => {})
      : takeLock(paths.lock, holder, store.holder);
    try {
      return work(store);
    } finally {
      lock.release();
    }
  } finally {
    store.close();
  }
}
