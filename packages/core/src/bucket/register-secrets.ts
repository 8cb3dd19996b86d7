import { NAMESPACE } from "../domain/kv/kv-names.ts";
import { isMaandError } from "../errors.ts";
import type { Bucket } from "./bucket.ts";

/**
 * Reads the secrets of the bucket and of all jobs, so that they are masked in the output of manual commands. Secrets
 * that cannot be read are not masked, and do not prevent the command.
 */
export function registerSecrets({ kv }: Pick<Bucket, "kv">): void {
  try {
    for (const namespace of [NAMESPACE.bucketSecrets, ...kv.namespaces(NAMESPACE.secrets(""))])
      for (const key of kv.keys(namespace)) kv.find(namespace, key);
  } catch (cause) {
    if (!isMaandError(cause)) throw cause;
  }
}
