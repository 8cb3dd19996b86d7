import { relative } from "node:path";
import type { BucketPaths } from "../../config/find-bucket.ts";
import { type Finding, fault, sound } from "../../domain/checks/finding.ts";
import { MaandError } from "../../errors.ts";
import { shellLine } from "../../remote/quote.ts";
import { storeState } from "../../store/integrity.ts";
import { KvKey } from "../../store/kv-key.ts";
import { lockHolder } from "../../store/lock.ts";
import { Store } from "../../store/store.ts";

/** Looks at what a bucket remembers: whether it can be read, by this maand, with its key, and who holds its lock. */
export function examineStore(paths: BucketPaths): Finding[] {
  return [integrity(paths), ...lock(paths), ...keyOf(paths)];
}

function integrity({ root, store: file }: BucketPaths): Finding {
  const where = relative(root, file);
  const { state, message } = storeState(file);
  if (state === "newer")
    return fault("store", where, `a newer maand wrote it: ${message}`, "# use the maand that wrote it, or a newer one");
  if (state === "sound" || state === "older") return sound("store", where, `sound, ${message}`);
  const restore = `${shellLine(["cp", "<backup>/maand.db", file])}  # from a backup, while no run goes on; see docs/operations.md`;
  return fault("store", where, `${state}: ${message}`, restore);
}

function lock({ root, lock: file }: BucketPaths): Finding[] {
  const holder = lockHolder(file);
  const where = relative(root, file);
  if (!holder) return [sound("lock", where, "free")];
  return [sound("lock", where, `held by maand ${holder.command} (pid ${holder.pid}, since ${holder.since})`)];
}

/** Without its key the secrets in a store are lost; where none is encrypted yet, init makes another one. */
function keyOf({ root, store: file, kvKey }: BucketPaths): Finding[] {
  const { state } = storeState(file);
  if (state !== "sound" && state !== "older") return [];
  const where = relative(root, kvKey);
  const store = Store.open(file);
  const needed = store.kv.hasSecrets();
  store.close();
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
