import type { KvEntries, KvEntry, KvStore, SyncedEntries } from "@maand/core/internal";

/** The values and the lists of keys that were read from a KV store. */
export interface KvUsed {
  /** By namespace and key; undefined for a missing key. */
  readonly values: ReadonlyMap<string, ReadonlyMap<string, string | undefined>>;
  /** Sorted keys by namespace. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
}

/**
 * A KV store that records its reads until it is stopped. Reads of entire namespaces are not recorded, because only
 * messages use them.
 */
export class KvRecorder implements KvStore {
  readonly #base: KvStore;
  readonly #values = new Map<string, Map<string, string | undefined>>();
  readonly #keys = new Map<string, readonly string[]>();
  #isStopped = false;

  constructor(base: KvStore) {
    this.#base = base;
  }

  /** The reads so far. */
  get used(): KvUsed {
    return { values: this.#values, keys: this.#keys };
  }

  /** Stops recording. */
  stop(): void {
    this.#isStopped = true;
  }

  find(namespace: string, key: string): string | undefined {
    const value = this.#base.find(namespace, key);
    if (this.#isStopped) return value;
    const known = this.#values.get(namespace) ?? new Map<string, string | undefined>();
    this.#values.set(namespace, known);
    if (!known.has(key)) known.set(key, value);
    return value;
  }

  keys(namespace: string): string[] {
    const keys = this.#base.keys(namespace);
    if (!this.#isStopped && !this.#keys.has(namespace)) this.#keys.set(namespace, keys);
    return keys;
  }

  entries(namespace: string): ReadonlyMap<string, KvEntry> {
    return this.#base.entries(namespace);
  }

  holders(key: string): string[] {
    return this.#base.holders(key);
  }

  namespaces(prefix: string): string[] {
    return this.#base.namespaces(prefix);
  }

  keysBelow(prefix: string): string[] {
    return this.#base.keysBelow(prefix);
  }

  put(namespace: string, key: string, value: string): void {
    this.#base.put(namespace, key, value);
  }

  remove(namespace: string, key: string): boolean {
    return this.#base.remove(namespace, key);
  }

  syncBelow(prefix: string, all: ReadonlyMap<string, SyncedEntries>): void {
    this.#base.syncBelow(prefix, all);
  }

  sync(namespace: string, entries: KvEntries, drops: (key: string) => boolean): void {
    this.#base.sync(namespace, entries, drops);
  }

  purge(namespace: string): void {
    this.#base.purge(namespace);
  }
}
