import { NAMESPACE } from "../domain/kv/kv-names.ts";
import { isMaandError } from "../errors.ts";
import type { Bucket } from "./bucket.ts";

/**
 * Registers the secrets of the bucket and of all jobs by reading them, so that they are masked in the output of manual commands. Unreadable secrets cannot be
 * masked, and do not prevent the command.
 */
export function registerSecrets({ kv }: Pick<Bucket, "kv">): void {
  try {
    for (const namespace of [NAMESPACE.bucketSecrets, ...kv.namespaces(NAMESPACE.secrets(""))])
      for (const key of kv.keys(namespace)) kv.find(namespace, key);
  } catch (cause) {
    if (!isMaandError(cause)) throw cause;
  }
}
