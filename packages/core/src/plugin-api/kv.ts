/**
 * The KV entries that one allocation may read (docs/kv.md). Values are returned exactly as stored, including white
 * space.
 */
export interface KvReader {
  /** Returns a value. Throws KV_REFUSED for a namespace that the job may not read, and NOT_FOUND for a missing key. */
  get(namespace: string, key: string): string;
  /** Like `get`, but returns undefined for a missing key. */
  find(namespace: string, key: string): string | undefined;
  /** Keys of a namespace, sorted. */
  keys(namespace: string): string[];
  /**
   * Whether the value is stored encrypted. Mark a file that contains such a value as `secret`; events mask the value
   * automatically.
   */
  isSecret(namespace: string, key: string): boolean;
}

/**
 * The KV entries as one hook sees them: the stored values and its own writes. Other readers see the writes only after
 * `commit`. Without `commit`, the writes are discarded, so a failed hook leaves nothing behind.
 */
export interface KvSession extends KvReader {
  /** Throws KV_REFUSED except for `vars/job/<job>`, `secrets/job/<job>` and the key `rollout_order`. */
  put(namespace: string, key: string, value: string): void;
  /** Deletes a key; returns whether it existed. */
  remove(namespace: string, key: string): boolean;
  /** Stores all writes in one transaction. */
  commit(): void;
}
