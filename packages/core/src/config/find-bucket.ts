import { accessSync, constants, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { MaandError } from "../errors.ts";
import { isRefused, noAccess } from "../trust/access.ts";
import { checkOwner } from "../trust/trusted.ts";
import { CONFIG_PLACES } from "./config.ts";

/** The absolute paths of a bucket. */
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
  /** The directory for the private files of a run. It is emptied when the run ends. */
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

/** The parts of a bucket that contain code or data that maand trusts. */
const TRUSTED_PARTS = ["maand.conf", "workspace", "data", "data/maand.db", "secrets", ...CONFIG_PLACES];

/** Throws BUCKET_NOT_TRUSTED if a bucket, or a directory that will become one, belongs to another user. */
export function checkBucketOwner(root: string): void {
  checkOwner(root, TRUSTED_PARTS);
}

/**
 * Finds the bucket in a directory or above it, like git. Throws NOT_A_BUCKET, NO_ACCESS for an unreadable bucket, and
 * BUCKET_NOT_TRUSTED for a bucket of another user.
 */
export function findBucket(from: string): BucketPaths {
  let directory = resolve(from);
  for (;;) {
    const paths = bucketPaths(directory);
    const store = lookAt(paths.store);
    const conf = lookAt(paths.conf);
    // an unreadable data/ alone may belong to any program; next to a maand.conf, or in the given directory, it belongs
    // to a bucket
    if (store === "closed" && (conf !== "missing" || directory === resolve(from))) throw noAccess(paths.store);
    if (store === "there" || conf !== "missing") checkBucketOwner(directory);
    if (store === "there") {
      checkAccess(paths);
      return paths;
    }
    if (conf !== "missing") throw notInitialised(paths);
    const parent = dirname(directory);
    if (parent === directory) break;
    directory = parent;
  }
  throw new MaandError({
    code: "NOT_A_BUCKET",
    message: `there is no bucket in ${resolve(from)} or above it`,
    hint: "run maand init in the directory that should become one",
  });
}

/**
 * Throws NO_ACCESS for an inaccessible part of the bucket that every command needs. Logs that cannot be written only
 * cause a warning.
 */
function checkAccess({ conf, data, store, lock, workspace, secrets, kvKey }: BucketPaths): void {
  const read = [conf, workspace, secrets, kvKey];
  const write = [data, store, `${store}-wal`, `${store}-shm`, lock];
  for (const path of read) check(path, constants.R_OK);
  for (const path of write) check(path, constants.R_OK | constants.W_OK);
}

function check(path: string, mode: number): void {
  try {
    accessSync(path, mode);
  } catch (cause) {
    if (isRefused(cause)) throw noAccess(path, cause);
  }
}

function lookAt(path: string): "there" | "missing" | "closed" {
  try {
    return statSync(path, { throwIfNoEntry: false }) ? "there" : "missing";
  } catch (cause) {
    return isRefused(cause) ? "closed" : "missing";
  }
}

function notInitialised(paths: BucketPaths): MaandError {
  return new MaandError({
    code: "NOT_A_BUCKET",
    message: `${paths.root} has a maand.conf but no store`,
    hint: `run maand init in ${paths.root}`,
  });
}
