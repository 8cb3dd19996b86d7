import { dirname, join, relative } from "node:path";
import { type Finding, MaandError } from "@maand/core";
import { type BucketPaths, Store, shellLine } from "@maand/core/internal";
import {
  bucketOfCopy,
  fault,
  faultOf,
  type Holder,
  heldBy,
  kvKeyOf,
  lockHolder,
  type StoreState,
  sound,
  storePlace,
  storeState,
} from "@maand/core/operator";

/** The findings about a store that can be checked without opening the bucket. */
export interface ExaminedStore {
  readonly findings: readonly Finding[];
  /** The command that holds the bucket's lock. */
  readonly holder: Holder | undefined;
}

/**
 * Checks the store of a bucket: whether this version of maand can read it with the bucket's key, and which command
 * holds the lock. For a store in a database, it checks the working copy and the database.
 */
export function examineStore(paths: BucketPaths): ExaminedStore {
  let where = "maand.conf";
  const findings: Finding[] = [];
  try {
    const shared = storePlace(paths);
    const found = storeState(paths.store);
    findings.push(integrityOf(paths, found, shared?.url));
    if (found.state !== "sound" && found.state !== "older") return { findings, holder: undefined };
    where = shared?.url ?? relative(paths.root, paths.store);
    const store = Store.open(paths.store, shared ? { shared } : {});
    try {
      const holder = lockHolder(store.holder);
      const revision = store.workingCopy?.replica().revision;
      if (revision !== undefined) findings.push(sound("store", where, `revision ${revision}`));
      findings.push(lock(paths, holder, shared?.url), ...keyOf(paths, store.kv.hasSecrets(), shared !== undefined));
      return { findings, holder };
    } finally {
      store.close();
    }
  } catch (cause) {
    if (!(cause instanceof MaandError) || cause.code === "INTERRUPTED") throw cause;
    findings.push(faultOf("store", where, cause.message, cause.hint));
    return { findings, holder: undefined };
  }
}

function integrityOf({ root, store: file }: BucketPaths, { state, message }: StoreState, url?: string): Finding {
  const where = relative(root, file);
  if (state === "newer")
    return fault(
      "store",
      where,
      `written by a newer maand: ${message}`,
      "# use the version of maand that wrote it, or a newer one",
    );
  if (state === "sound" || state === "older")
    return sound("store", where, `sound, ${message}${url === undefined ? "" : "; a working copy"}`);
  // SQLite would apply the files of the damaged database to the restored one
  const aside = join(dirname(file), "broken");
  const move = `${shellLine(["mkdir", "-p", aside])} && mv ${shellLine([file])}* ${shellLine([aside])}`;
  return fault("store", where, message, `${move} && ${restoreOf(root, file, url)}`);
}

/** The command that restores a store. If only the working copy of a database is damaged, nothing is lost. */
function restoreOf(root: string, file: string, url: string | undefined): string {
  if (url !== undefined)
    return `${shellLine(["maand", "clone", url, root, "--bucket", idOf(file, url)])}  # maand info in another copy of the bucket prints the id`;
  return `${shellLine(["install", "-m", "600", "<backup>/maand.db", file])}  # from a backup, while no command runs; see docs/operations.md`;
}

function idOf(file: string, url: string): string {
  try {
    return bucketOfCopy(file, url);
  } catch {
    return "<id>"; // the row with the id is damaged too
  }
}

function lock({ root, lock: file }: BucketPaths, holder: Holder | undefined, url: string | undefined): Finding {
  const where = url ?? relative(root, file);
  return sound("lock", where, holder ? `held by ${heldBy(holder)}` : "free");
}

/**
 * Checks the key. Without the key, the secrets in a store are lost. If nothing is encrypted yet, `maand init` creates a
 * new key. All copies of a bucket need the same key.
 */
function keyOf(paths: BucketPaths, needed: boolean, isShared: boolean): Finding[] {
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
      : `${shellLine(["rm", "-f", kvKey])} && ${shellLine(["maand", "-C", root, "init"])}${isShared ? "  # only if no other copy of the bucket has this file; otherwise copy it from there" : ""}`;
    return [fault("kv_key", where, cause.message, hint)];
  }
}
