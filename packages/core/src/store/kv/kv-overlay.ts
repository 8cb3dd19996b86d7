import type { KvEntries } from "../../domain/kv/entries.ts";
import type { KvEntry } from "../../domain/kv/kv-derived.ts";
import { isSecret } from "../../domain/kv/kv-names.ts";
import type { KvStore, SyncedEntries } from "./kv.ts";

/** Options of a {@link KvOverlay}. */
export interface KvOverlayOptions {
  /** Receives every secret as soon as it is written, so that the secret is masked before it is stored. */
  readonly onSecret?: (value: string) => void;
  /** The clock. */
  readonly now: () => Date;
}

/**
 * Writes on top of a KV store that stay invisible to other readers until they are committed. Reads fall through to the
 * stored values, so that nothing blocks. Overlays can be stacked.
 */
export class KvOverlay implements KvStore {
  readonly #base: KvStore;
  readonly #options: KvOverlayOptions;
  /** By namespace and key; undefined means deleted. */
  readonly #written = new Map<string, Map<string, string | undefined>>();

  constructor(base: KvStore, options: KvOverlayOptions) {
    this.#base = base;
    this.#options = options;
  }

  entries(namespace: string): ReadonlyMap<string, KvEntry> {
    const own = this.#written.get(namespace);
    const entries = this.#base.entries(namespace);
    if (!own) return entries;
    const merged = new Map(entries);
    for (const [key, value] of own) merged.set(key, this.#entry(key, value, entries.get(key)));
    return merged;
  }

  find(namespace: string, key: string): string | undefined {
    const own = this.#written.get(namespace);
    return own?.has(key) ? own.get(key) : this.#base.find(namespace, key);
  }

  keys(namespace: string): string[] {
    const own = this.#written.get(namespace);
    if (!own) return this.#base.keys(namespace);
    const kept = this.#base.keys(namespace).filter((key) => !own.has(key));
    const put = [...own].filter(([, value]) => value !== undefined).map(([key]) => key);
    return [...kept, ...put].sort();
  }

  holders(key: string): string[] {
    const stored = this.#base.holders(key).filter((namespace) => this.find(namespace, key) !== undefined);
    const own = [...this.#written].filter(([, entries]) => entries.get(key) !== undefined);
    return [...new Set([...stored, ...own.map(([namespace]) => namespace)])].sort();
  }

  namespaces(prefix: string): string[] {
    const own = [...this.#written.keys()].filter((namespace) => namespace.startsWith(prefix));
    return [...new Set([...this.#base.namespaces(prefix), ...own])].sort();
  }

  keysBelow(prefix: string): string[] {
    const own = [...this.#written].filter(([namespace]) => namespace.startsWith(prefix));
    return [...new Set([...this.#base.keysBelow(prefix), ...own.flatMap(([, entries]) => [...entries.keys()])])];
  }

  put(namespace: string, key: string, value: string): void {
    if (isSecret(namespace, key)) this.#options.onSecret?.(value);
    this.#write(namespace, key, value);
  }

  remove(namespace: string, key: string): boolean {
    if (this.find(namespace, key) === undefined) return false;
    this.#write(namespace, key, undefined);
    return true;
  }

  sync(namespace: string, entries: KvEntries, drops: (key: string) => boolean): void {
    for (const [key, value] of entries) this.put(namespace, key, value);
    for (const key of this.keys(namespace)) if (!entries.has(key) && drops(key)) this.remove(namespace, key);
  }

  syncBelow(_prefix: string, all: ReadonlyMap<string, SyncedEntries>): void {
    for (const [namespace, { entries, drops }] of all) this.sync(namespace, entries, drops);
  }

  purge(namespace: string): void {
    this.sync(namespace, new Map(), () => true);
  }

  /** Passes all writes to the layer below, and starts empty again. Call this in a transaction. */
  commit(): void {
    for (const [namespace, entries] of this.#written) {
      for (const [key, value] of entries) {
        if (value === undefined) this.#base.remove(namespace, key);
        else this.#base.put(namespace, key, value);
      }
    }
    this.#written.clear();
  }

  #write(namespace: string, key: string, value: string | undefined): void {
    const own = this.#written.get(namespace) ?? new Map<string, string | undefined>();
    this.#written.set(namespace, own.set(key, value));
  }

  #entry(key: string, value: string | undefined, before: KvEntry | undefined): KvEntry {
    return {
      key,
      version: (before?.version ?? 0) + 1,
      createdDate: Math.floor(this.#options.now().getTime() / 1000),
      deleted: value === undefined,
      value: () => value ?? before?.value() ?? "",
    };
  }
}
