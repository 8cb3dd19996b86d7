import { dirname, join, relative } from "node:path";
import { type Finding, MaandError } from "@maand/core";
import { type BucketPaths, Store, shellLine } from "@maand/core/internal";
import { fault, type Holder, kvKeyOf, lockHolder, type StoreState, sound, storeState } from "@maand/core/operator";

/** Findings about the store of a bucket that need no open bucket. */
export interface ExaminedStore {
  readonly findings: readonly Finding[];
  /** The command that holds the bucket's lock. */
  readonly holder: Holder | undefined;
}

/**
 * Checks the store of a bucket: whether this version of maand can read it with the bucket's key, and which command holds the
 * lock.
 */
export function examineStore(paths: BucketPaths): ExaminedStore {
  const found = storeState(paths.store);
  const integrity = integrityOf(paths, found);
  if (found.state !== "sound" && found.state !== "older") return { findings: [integrity], holder: undefined };
  const store = Store.open(paths.store);
  try {
    const holder = lockHolder(store.holder);
    return { findings: [integrity, lock(paths, holder), ...keyOf(paths, store.kv.hasSecrets())], holder };
  } finally {
    store.close();
  }
}

function integrityOf({ root, store: file }: BucketPaths, { state, message }: StoreState): Finding {
  const where = relative(root, file);
  if (state === "newer")
    return fault(
      "store",
      where,
      `written by a newer maand: ${message}`,
      "# use the version of maand that wrote it, or a newer one",
    );
  if (state === "sound" || state === "older") return sound("store", where, `sound, ${message}`);
  // SQLite would apply the files of the damaged database to the restored one
  const aside = join(dirname(file), "broken");
  const move = `${shellLine(["mkdir", "-p", aside])} && mv ${shellLine([file])}* ${shellLine([aside])}`;
  const restore = `${move} && ${shellLine(["install", "-m", "600", "<backup>/maand.db", file])}  # from a backup, while no command runs; see docs/operations.md`;
  return fault("store", where, message, restore);
}

function lock({ root, lock: file }: BucketPaths, holder: Holder | undefined): Finding {
  const where = relative(root, file);
  if (!holder) return sound("lock", where, "free");
  return sound("lock", where, `held by maand ${holder.command} (pid ${holder.pid}, since ${holder.since})`);
}

/** Without the key, the secrets in a store are lost. If nothing is encrypted yet, `maand init` creates a new key. */
function keyOf(paths: BucketPaths, needed: boolean): Finding[] {
  const { root, kvKey } = paths;
  const where = relative(root, kvKey);
  try {
    const key = kvKeyOf(paths);
    key.decrypt(key.encrypt("x"), where);
    return [sound("kv_key", where, needed ? "encrypts the secrets in the store" : "nothing is encrypted yet")];
  } catch (cause) {
    if (!(cause instanceof MaandError)) throw cause;
    const hint = needed
      ? `${shellLine(["cp", "<backup>/kv.key", kvKey])}  # from a backup; secrets in the store cannot be decrypted without it`
      : `${shellLine(["rm", "-f", kvKey])} && ${shellLine(["maand", "-C", root, "init"])}`;
    return [fault("kv_key", where, cause.message, hint)];
  }
}
