import { randomUUID } from "node:crypto";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { kvKeyCommand } from "../config/commands/kv-key-command.ts";
import { bucketPaths, checkBucketOwner } from "../config/find-bucket.ts";
import { isKeyElsewhere, makeKvKey } from "../store/kv/kv-key.ts";
import { Store } from "../store/store.ts";
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
 * private modes, so that others can never read them, not even briefly. `prepareBucket` creates what depends on plugins.
 */
export function initBucket(directory: string): Initialised {
  const paths = bucketPaths(directory);
  checkBucketOwner(directory);
  refuseForeign(paths.store);
  for (const place of [paths.data, paths.secrets, paths.logs]) makePrivateDirectory(place);
  makeDirectories(join(paths.workspace, "jobs"));
  // the key is created after the store: if it exists, the store was complete once
  const store = Store.open(paths.store, { create: true, mayBeEmpty: !existsSync(paths.kvKey) });
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

/**
 * Throws the errors of opening the store before anything is created or changed: it may be the store of another program.
 */
function refuseForeign(store: string): void {
  const size = statSync(store, { throwIfNoEntry: false })?.size ?? 0;
  if (size > 0) Store.open(store).close();
}

function writeOnce(file: string, text: string): void {
  if (!existsSync(file)) createFile(file, text);
}
