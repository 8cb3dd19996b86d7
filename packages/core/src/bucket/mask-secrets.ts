import { NAMESPACE } from "../domain/kv/kv-names.ts";
import { isMaandError } from "../errors.ts";
import type { Bucket } from "./bucket.ts";

/**
 * Reads the secrets of all jobs, so that they are masked wherever a command typed by hand, or what it prints, shows them
 * (decision 26). Secrets that cannot be read cannot be known, and are no reason not to run it.
 */
export function knowSecrets({ kv }: Pick<Bucket, "kv">): void {
  try {
    for (const namespace of kv.namespaces(NAMESPACE.secrets("")))
      for (const key of kv.keys(namespace)) kv.find(namespace, key);
  } catch (cause) {
    if (!isMaandError(cause)) throw cause;
  }
}
