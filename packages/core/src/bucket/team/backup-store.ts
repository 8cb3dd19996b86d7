import { existsSync } from "node:fs";
import type { BucketPaths } from "../../config/find-bucket.ts";
import { MaandError } from "../../errors.ts";
import { backupFile, readBackup } from "../../store/team/backup.ts";
import { openStore } from "../open-store.ts";
import { type StoreUser, whileHeld } from "./move-store.ts";

/**
 * Writes one consistent state of a bucket's store to a new private file, even while other commands use it. `offline`
 * uses the working copy without its database. Returns the number of rows.
 */
export function backupStore(paths: BucketPaths, file: string, { offline = false } = {}): number {
  if (existsSync(file))
    throw new MaandError({ code: "USAGE", message: `${file} exists`, hint: "name a file that does not exist" });
  const store = openStore(paths, { offline });
  try {
    return backupFile(store, file);
  } finally {
    store.close();
  }
}

/**
 * Replaces everything in the store of a bucket with a backup of the same bucket, completely or not at all. Returns the
 * number of rows.
 */
export function restoreStore(paths: BucketPaths, file: string, user: StoreUser): number {
  const rows = readBackup(file);
  return whileHeld(paths, "store restore", user, { discards: true }, (store) => {
    const bucket = store.bucket.read()?.id;
    if (rows.bucket !== bucket)
      throw new MaandError({
        code: "NOT_A_STORE",
        message: `${file} is a backup of bucket ${rows.bucket}, and this is bucket ${bucket}; nothing was changed`,
        hint: "use a backup of this bucket",
      });
    store.replaceRows(rows.rows);
    return rows.rows.length;
  });
}
