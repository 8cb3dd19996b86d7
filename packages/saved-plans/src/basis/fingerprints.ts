import type { KvKey } from "@maand/core/operator";

/** HMACs of strings. They show whether two strings differ, but reveal nothing without the bucket's key. */
export interface Fingerprints {
  of(text: string): string;
}

/**
 * Computes HMACs with the key of the bucket. The HMAC of a frequent string, such as the state of many workers, is
 * computed only once.
 */
export function fingerprints(key: Pick<KvKey, "fingerprint">): Fingerprints {
  const known = new Map<string, string>();
  return {
    of(text) {
      const before = known.get(text);
      if (before !== undefined) return before;
      const print = key.fingerprint(text);
      known.set(text, print);
      return print;
    },
  };
}
