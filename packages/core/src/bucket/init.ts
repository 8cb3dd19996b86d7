import { randomUUID } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { type BucketPaths, bucketPaths, checkBucketOwner } from "../config/find-bucket.ts";
import { kvKeyCommand } from "../config/store/kv-key-command.ts";
import { storePlace } from "../config/store/store-place.ts";
import { MaandError } from "../errors.ts";
import { isKeyElsewhere, makeKvKey } from "../store/kv/kv-key.ts";
import { Store } from "../store/store.ts";
import type { SharedStore } from "../store/team/shared-store.ts";
import { IGNORE_FILE, ignoreText } from "../workspace/ignored.ts";
import { createFile, makeDirectories, makePrivateDirectory } from "../workspace/write-files.ts";

/** The result of `init`. */
export interface Initialised {
  readonly bucketId: string;
  /** False if the bucket already existed and was only updated. */
  readonly created: boolean;
}

const BUCKET_CONF = `# Variables that every job may read, and the range for ports declared as {}.
port_min = "30000"
port_max = "39999"
`;

/**
 * Creates a bucket in a directory, or updates the existing one; overwrites nothing. Private files are created with
 * private modes, so other users cannot read them at any moment. `prepareBucket` creates what depends on plugins. Throws
 * STORE_MOVED if the store is in a database and the directory has no working copy of it, because a new store would
 * belong to a different bucket.
 */
export function initBucket(directory: string): Initialised {
  const paths = bucketPaths(directory);
  checkBucketOwner(directory);
  const shared = sharedStoreOf(paths);
  if (!shared) refuseForeign(paths.store);
  for (const place of [paths.data, paths.secrets, paths.logs]) makePrivateDirectory(place);
  makeDirectories(join(paths.workspace, "jobs"));
  // the key is created after the store, so its existence proves that the store was complete
  const store = Store.open(paths.store, shared ? { shared } : { create: true, mayBeEmpty: !existsSync(paths.kvKey) });
  try {
    if (!isKeyElsewhere({ command: () => kvKeyCommand(paths) })) makeKvKey(paths.kvKey, store.kv.hasSecrets());
    const known = store.bucket.read();
    if (!known) store.bucket.create(randomUUID());
    writeOnce(join(paths.workspace, "workers.json"), "[]\n");
    writeOnce(join(paths.workspace, "bucket.conf"), BUCKET_CONF);
    writeOnce(join(paths.workspace, IGNORE_FILE), ignoreText());
    writeOnce(join(directory, ".gitignore"), "data/\nsecrets/\nlogs/\ntmp/\n");
    return { bucketId: store.bucket.read()?.id ?? "", created: !known };
  } finally {
    store.close();
  }
}

/** The database that has the store; undefined for SQLite. */
function sharedStoreOf({ root, store, conf }: BucketPaths): SharedStore | undefined {
  const shared = storePlace({ root, conf });
  // unlike existsSync, this throws if the user has no access
  if (!shared || statSync(store, { throwIfNoEntry: false })) return shared;
  throw new MaandError({
    code: "STORE_MOVED",
    message: `the store of this bucket is in ${shared.url}, and ${root} has no working copy of it; nothing was created`,
    hint: `maand clone ${shared.url} ${root} --bucket ID, with the id that maand info prints in another copy; for a new bucket, remove store from maand.conf and MAAND_STORE, run maand init, and then maand store move --to ${shared.url}`,
  });
}

/**
 * Opens the store before anything is created or changed, because the store might belong to another program. Throws the
 * errors of opening it.
 */
function refuseForeign(store: string): void {
  const size = statSync(store, { throwIfNoEntry: false })?.size ?? 0;
  if (size > 0) Store.open(store).close();
}

function writeOnce(file: string, text: string): void {
  if (!existsSync(file)) createFile(file, text);
}
