/** The KV entries one allocation may read (docs/kv.md). Values are returned exactly as stored, including white space. */
export interface KvReader {
  /** A value. Throws KV_REFUSED for a namespace the job may not read, NOT_FOUND for a missing key. */
  get(namespace: string, key: string): string;
  /** Like `get`, but returns undefined for a missing key. */
  find(namespace: string, key: string): string | undefined;
  /** Keys of a namespace, sorted. */
  keys(namespace: string): string[];
  /** Whether the value is stored encrypted: mark a file that contains it `secret`. Events mask it automatically. */
  isSecret(namespace: string, key: string): boolean;
}

/**
 * The KV entries as one hook sees them: stored values and its own writes. Other readers see the writes only after
 * `commit`; without `commit` they are discarded, so that a failed hook leaves nothing behind.
 */
export interface KvSession extends KvReader {
  /** Throws KV_REFUSED except for `vars/job/<job>`, `secrets/job/<job>` and the key `rollout_order`. */
  put(namespace: string, key: string, value: string): void;
  /** Deletes a key; returns whether it existed. */
  remove(namespace: string, key: string): boolean;
  /** Stores all writes durably, in one transaction. */
  commit(): void;
}
