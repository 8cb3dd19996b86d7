import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { bucketPaths, checkBucketOwner } from "../../config/find-bucket.ts";
import { storePlace } from "../../config/store/store-place.ts";
import { MaandError } from "../../errors.ts";
import { Store } from "../../store/store.ts";
import { makeWorkingCopy } from "../../store/team/move.ts";
import { makeDirectories, makePrivateDirectory } from "../../workspace/write-files.ts";
import { writeStoreSetting } from "./write-store-setting.ts";

/** The result of `maand clone`. */
export interface Cloned {
  readonly root: string;
  readonly bucketId: string;
  /** Private files under the root that this copy of the bucket needs but does not have. */
  readonly missing: readonly string[];
}

/**
 * Turns a directory into a copy of a bucket whose store is in a database. The directory may already contain the
 * workspace and maand.conf, for example from git. Throws BUCKET_EXISTS if the directory has a store, and
 * STORE_LACKS_BUCKET if the database has no such bucket. BUCKET_EXISTS creates nothing. After a failure of the
 * database, the working copy is deleted; if the directory was new or empty, its private directories are deleted too.
 */
export function cloneBucket(url: string, bucket: string, directory: string): Cloned {
  const paths = bucketPaths(directory);
  if (existsSync(directory)) checkBucketOwner(directory);
  if (existsSync(paths.store))
    throw new MaandError({
      code: "BUCKET_EXISTS",
      message: `${paths.store} exists: ${directory} is a bucket`,
      hint: "name another directory",
    });
  const shared = storePlace(paths, { place: url });
  if (!shared)
    throw new MaandError({
      code: "USAGE",
      message: `${url} is not a database`,
      hint: "write postgres://user@host/database",
    });
  const isNew = !existsSync(directory) || readdirSync(directory).length === 0;
  makeDirectories(directory);
  for (const place of [paths.data, paths.secrets, paths.logs]) makePrivateDirectory(place);
  try {
    makeWorkingCopy(paths.store, shared, bucket);
    Store.open(paths.store, { shared }).close();
  } catch (cause) {
    for (const end of ["", "-wal", "-shm"]) rmSync(`${paths.store}${end}`, { force: true });
    if (isNew) for (const place of [paths.data, paths.secrets, paths.logs]) rmSync(place, { recursive: true });
    throw cause;
  }
  makeDirectories(join(paths.workspace, "jobs"));
  writeStoreSetting(paths.conf, shared.url);
  const missing = existsSync(paths.kvKey) ? [] : ["secrets/kv.key"];
  return { root: directory, bucketId: bucket, missing };
}
