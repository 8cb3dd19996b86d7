/** The KV entries one allocation may read (build.md 11.5); values are as they were put, blanks and line ends included. */
export interface KvReader {
  /** A value. Throws KV_REFUSED for a namespace that is not the job's to read, NOT_FOUND for a key that is not there. */
  get(namespace: string, key: string): string;
  /** The same, but undefined for a key that is not there. */
  find(namespace: string, key: string): string | undefined;
  /** Keys of a namespace, sorted. */
  keys(namespace: string): string[];
  /** Whether the value is kept encrypted: a file it goes into is `secret`. In events it shows as dots by itself. */
  isSecret(namespace: string, key: string): boolean;
}

/**
 * KV entries as one piece of code works on them: it reads what is stored and what it wrote itself. Others see that after
 * `commit`, and never if there is none (D20).
 */
export interface KvSession extends KvReader {
  /** Throws KV_REFUSED for what no hook of the job may write: all but `vars/job/<job>`, its secrets and `rollout_order`. */
  put(namespace: string, key: string, value: string): void;
  /** Deletes a key; answers whether there was one. */
  remove(namespace: string, key: string): boolean;
  /** Stores what was written, durably and as one. */
  commit(): void;
}
