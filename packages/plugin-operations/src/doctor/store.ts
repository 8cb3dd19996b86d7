import { dirname, join, relative } from "node:path";
import { type BucketPaths, type Finding, MaandError, Store, shellLine } from "@maand/core";
import { fault, type Holder, KvKey, lockHolder, type StoreState, sound, storeState } from "@maand/core/operator";

/** What can be said of a bucket's store from outside. */
export interface ExaminedStore {
  readonly findings: readonly Finding[];
  /** The command that holds the bucket's lock. */
  readonly holder: Holder | undefined;
}

/** Looks at what a bucket remembers: whether it can be read, by this maand, with its key, and which command holds its lock. */
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
    return fault("store", where, `a newer maand wrote it: ${message}`, "# use the maand that wrote it, or a newer one");
  if (state === "sound" || state === "older") return sound("store", where, `sound, ${message}`);
  // what SQLite keeps beside the damaged file would be written into the restored one
  const aside = join(dirname(file), "broken");
  const move = `${shellLine(["mkdir", "-p", aside])} && mv ${shellLine([file])}* ${shellLine([aside])}`;
  const restore = `${move} && ${shellLine(["install", "-m", "600", "<backup>/maand.db", file])}  # from a backup, while no run goes on; see docs/operations.md`;
  return fault("store", where, message, restore);
}

function lock({ root, lock: file }: BucketPaths, holder: Holder | undefined): Finding {
  const where = relative(root, file);
  if (!holder) return sound("lock", where, "free");
  return sound("lock", where, `held by maand ${holder.command} (pid ${holder.pid}, since ${holder.since})`);
}

/** Without its key the secrets in a store are lost; where none is encrypted yet, init makes another one. */
function keyOf({ root, kvKey }: BucketPaths, needed: boolean): Finding[] {
  const where = relative(root, kvKey);
  try {
    const key = new KvKey(kvKey);
    key.decrypt(key.encrypt("x"), where);
    return [sound("kv_key", where, needed ? "secrets are encrypted with it" : "nothing is encrypted with it yet")];
  } catch (cause) {
    if (!(cause instanceof MaandError)) throw cause;
    const hint = needed
      ? `${shellLine(["cp", "<backup>/kv.key", kvKey])}  # from a backup: secrets in the store can be read with it alone`
      : `${shellLine(["rm", "-f", kvKey])} && ${shellLine(["maand", "-C", root, "init"])}`;
    return [fault("kv_key", where, cause.message, hint)];
  }
}
