import { dirname, join, resolve } from "node:path";
import { MaandError } from "../errors.ts";
import { checkOwner, isThere } from "./bucket-owner.ts";

/** The paths of a bucket; all absolute. */
export interface BucketPaths {
  readonly root: string;
  readonly conf: string;
  readonly store: string;
  readonly lock: string;
  readonly data: string;
  readonly workspace: string;
  readonly secrets: string;
  /** The key that encrypts secrets in the store. */
  readonly kvKey: string;
  readonly logs: string;
  /** Private, per run; emptied when the run ends. */
  readonly tmp: string;
}

/** The paths of an existing or future bucket in `root`. */
export function bucketPaths(root: string): BucketPaths {
  const at = (...parts: string[]) => join(root, ...parts);
  return {
    root,
    conf: at("maand.conf"),
    store: at("data", "maand.db"),
    lock: at("data", "maand.lock"),
    data: at("data"),
    workspace: at("workspace"),
    secrets: at("secrets"),
    kvKey: at("secrets", "kv.key"),
    logs: at("logs"),
    tmp: at("tmp"),
  };
}

/**
 * Finds the bucket from a directory upward, like git. Throws NOT_A_BUCKET, NO_ACCESS for an unreadable one, and
 * BUCKET_NOT_TRUSTED for one of another user.
 */
export function findBucket(from: string): BucketPaths {
  let directory = resolve(from);
  for (;;) {
    const paths = bucketPaths(directory);
    if (isThere(directory, paths.store)) {
      checkOwner(directory);
      return paths;
    }
    if (isThere(directory, paths.conf)) throw notInitialised(paths);
    const parent = dirname(directory);
    if (parent === directory) break;
    directory = parent;
  }
  throw new MaandError({
    code: "NOT_A_BUCKET",
    message: `there is no bucket in ${resolve(from)} or above it`,
    hint: "run maand init in the directory that is to be one",
  });
}

function notInitialised(paths: BucketPaths): MaandError {
  return new MaandError({
    code: "NOT_A_BUCKET",
    message: `${paths.root} has a maand.conf and no store`,
    hint: `run maand init in ${paths.root}`,
  });
}
