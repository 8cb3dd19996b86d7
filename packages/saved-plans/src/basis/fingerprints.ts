import type { KvKey } from "@maand/core/operator";

/** Keyed digests of texts. They show whether two texts differ, but reveal nothing without the bucket's key. */
export interface Fingerprints {
  of(text: string): string;
}

/**
 * Makes digests with the key of the bucket. A text that occurs often, such as the state of many workers, is digested
 * once.
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
