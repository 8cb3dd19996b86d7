import type { KvEntries } from "../../domain/kv/entries.ts";
import { derivedEntries, type KvEntry, type KvRow } from "../../domain/kv/kv-derived.ts";
import { isSecret } from "../../domain/kv/kv-names.ts";
import type { KvKey } from "./kv-key.ts";
import type { KvRows } from "./kv-rows.ts";

/** Number of namespaces cached in memory; reading them again is cheap. */
const NAMESPACES_CACHED = 8192;

/** Dependencies of {@link Kv}. */
export interface KvParts {
  readonly rows: KvRows;
  readonly key: KvKey;
  readonly now: () => Date;
  /** Receives every secret that is read or written, so that it can be masked. */
  readonly onSecret?: (value: string) => void;
}

/** The entries that a namespace should have. */
export interface SyncedEntries {
  readonly entries: KvEntries;
  /** Whether a key that is not in `entries` is deleted. */
  drops(key: string): boolean;
}

/** Operations on KV entries, of the store or of an overlay on it. */
export interface KvStore {
  /** The newest version of every key of a namespace, including derived and deleted ones. */
  entries(namespace: string): ReadonlyMap<string, KvEntry>;
  find(namespace: string, key: string): string | undefined;
  keys(namespace: string): string[];
  holders(key: string): string[];
  namespaces(prefix: string): string[];
  /** Keys that any namespace with this prefix has or once had, including deleted keys. */
  keysBelow(prefix: string): string[];
  put(namespace: string, key: string, value: string): void;
  remove(namespace: string, key: string): boolean;
  sync(namespace: string, entries: KvEntries, drops: (key: string) => boolean): void;
  syncBelow(prefix: string, all: ReadonlyMap<string, SyncedEntries>): void;
  purge(namespace: string): void;
}

/**
 * The KV store in clear text. Values are stored unchanged, without trimming, to preserve files and significant white
 * space. Writing the current value changes nothing and creates no version, even for secrets.
 */
export class Kv implements KvStore {
  readonly #parts: KvParts;
  readonly #namespaces = new Map<string, Namespace>();
  #seen = -1;

  constructor(parts: KvParts) {
    this.#parts = parts;
  }

  /** The newest version of every key of a namespace, including derived and deleted ones, with values as stored. */
  entries(namespace: string): ReadonlyMap<string, KvEntry> {
    const known = this.#namespace(namespace);
    if (known.entries) return known.entries;
    const entries = new Map<string, KvEntry>();
    for (const row of known.rows.values()) entries.set(row.key, { ...row, value: () => row.value });
    for (const entry of derivedEntries(namespace, (from) => this.#live(from))) entries.set(entry.key, entry);
    known.entries = entries;
    return entries;
  }

  /** A live value; undefined if there is none. Throws KV_KEY_MISSING, KV_DECRYPT_FAILED. */
  find(namespace: string, key: string): string | undefined {
    const entry = this.entries(namespace).get(key);
    return entry && !entry.deleted ? this.#clear(namespace, key, entry.value()) : undefined;
  }

  /** Live keys of a namespace, sorted. */
  keys(namespace: string): string[] {
    return [...this.entries(namespace).values()]
      .filter((entry) => !entry.deleted)
      .map((entry) => entry.key)
      .sort();
  }

  /** Namespaces in which a key is live; see {@link KvRows.holders}. */
  holders(key: string): string[] {
    return this.#parts.rows.holders(key);
  }

  /** Sorted namespaces with this prefix that ever had an entry. */
  namespaces(prefix: string): string[] {
    return this.#parts.rows.namespaces(prefix);
  }

  /** Keys that any namespace with this prefix has or once had. */
  keysBelow(prefix: string): string[] {
    return this.#parts.rows.keysBelow(prefix);
  }

  put(namespace: string, key: string, value: string): void {
    this.#put(namespace, key, value, this.#parts.rows.newest(namespace, key));
  }

  /** Deletes a key; returns whether it existed. The next put continues its version numbers. */
  remove(namespace: string, key: string): boolean {
    const row = this.#parts.rows.newest(namespace, key);
    if (!row || row.deleted) return false;
    this.#append(namespace, row, row.value, true);
    return true;
  }

  /** Writes all entries, and deletes the other keys that `drops` selects. */
  sync(namespace: string, entries: KvEntries, drops: (key: string) => boolean): void {
    this.#sync(namespace, this.#parts.rows.namespace(namespace), { entries, drops });
  }

  /** Like {@link sync}, for many namespaces with a prefix. Their entries are read together. */
  syncBelow(prefix: string, all: ReadonlyMap<string, SyncedEntries>): void {
    const found = this.#parts.rows.below(prefix);
    for (const [namespace, synced] of all) this.#sync(namespace, found.get(namespace) ?? [], synced);
  }

  #sync(namespace: string, rows: readonly KvRow[], { entries, drops }: SyncedEntries): void {
    const known = new Map(rows.map((row) => [row.key, row]));
    for (const [key, value] of entries) this.#put(namespace, key, value, known.get(key));
    for (const row of rows)
      if (!row.deleted && !entries.has(row.key) && drops(row.key)) this.#append(namespace, row, row.value, true);
  }

  /** Deletes everything in a namespace. */
  purge(namespace: string): void {
    this.sync(namespace, new Map(), () => true);
  }

  #live(namespace: string): ReadonlyMap<string, KvRow> {
    return this.#namespace(namespace).live;
  }

  #namespace(namespace: string): Namespace {
    const { rows } = this.#parts;
    if (this.#seen !== rows.changes || this.#namespaces.size >= NAMESPACES_CACHED) this.#namespaces.clear();
    this.#seen = rows.changes;
    const before = this.#namespaces.get(namespace);
    if (before) return before;
    const all = rows.namespace(namespace);
    const known = { rows: byKey(all), live: byKey(all.filter((row) => !row.deleted)), entries: undefined };
    this.#namespaces.set(namespace, known);
    return known;
  }

  #put(namespace: string, key: string, value: string, before: KvRow | undefined): void {
    const secret = isSecret(namespace, key);
    if (secret) this.#parts.onSecret?.(value);
    if (before && !before.deleted && this.#clear(namespace, key, before.value) === value) return;
    const stored = secret ? this.#parts.key.encrypt(value) : value;
    this.#append(namespace, before ?? { key, version: 0 }, stored, false);
  }

  #append(namespace: string, { key, version }: Pick<KvRow, "key" | "version">, value: string, deleted: boolean): void {
    const createdDate = Math.floor(this.#parts.now().getTime() / 1000);
    this.#parts.rows.append(namespace, { key, value, version: version + 1, createdDate, deleted });
  }

  #clear(namespace: string, key: string, stored: string): string {
    if (!isSecret(namespace, key)) return stored;
    const value = this.#parts.key.decrypt(stored, `${namespace} ${key}`);
    this.#parts.onSecret?.(value);
    return value;
  }
}

interface Namespace {
  readonly rows: ReadonlyMap<string, KvRow>;
  readonly live: ReadonlyMap<string, KvRow>;
  /** Created on the first read. */
  entries: ReadonlyMap<string, KvEntry> | undefined;
}

function byKey(rows: readonly KvRow[]): ReadonlyMap<string, KvRow> {
  return new Map(rows.map((row) => [row.key, row]));
}
