import { readableNamespaces } from "../../domain/kv/kv-access.ts";
import type { KvEntry } from "../../domain/kv/kv-derived.ts";
import { isInternal, isSecret, MEMBERS_KEY } from "../../domain/kv/kv-names.ts";
import { MaandError } from "../../errors.ts";
import { Kv } from "../kv/kv.ts";
import type { KvKey } from "../kv/kv-key.ts";
import type { Store } from "../store.ts";

/** Provides the encryption key of a bucket, which is read on first use. */
export interface KeyOfBucket {
  key(): KvKey;
}

/** One row of `cat kv`: the newest version of a key. */
export interface KvView {
  readonly namespace: string;
  readonly key: string;
  /** Whether the value is stored encrypted. Such a value is shown only on request. */
  readonly secret: boolean;
  readonly version: number;
  /** Unix seconds. */
  readonly createdDate: number;
  readonly deleted: boolean;
  /** In clear text. Throws KV_KEY_MISSING, KV_DECRYPT_FAILED. A derived value is computed now. */
  value(): string;
}

/**
 * Iterates over all KV entries by namespace and key, including deleted entries. A large bucket has very many entries.
 * With `jobs`, yields only the entries that those jobs may read on the workers of their non-removed allocations.
 */
export function* kvEntries(store: Store, bucket: KeyOfBucket, jobs: readonly string[]): Generator<KvView> {
  const kv = readOnlyKv(store, bucket);
  const namespaces = jobs.length === 0 ? allNamespaces(kv) : namespacesOf(store, jobs);
  for (const namespace of [...new Set(namespaces)].sort()) {
    const entries = [...kv.entries(namespace).values()];
    for (const entry of entries.sort((a, b) => (a.key < b.key ? -1 : 1))) yield viewOf(kv, namespace, entry);
  }
}

/** One live KV entry. Throws NOT_FOUND. */
export function kvEntry(store: Store, bucket: KeyOfBucket, namespace: string, key: string): KvView {
  const kv = readOnlyKv(store, bucket);
  const entry = isInternal(namespace) ? undefined : kv.entries(namespace).get(key);
  if (entry && !entry.deleted) return viewOf(kv, namespace, entry);
  throw new MaandError({
    code: "NOT_FOUND",
    message: `key not found: namespace ${namespace}, key ${key}${entry ? " (it was deleted)" : ""}`,
    hint: "to list all keys, run maand cat kv",
  });
}

function viewOf(kv: Kv, namespace: string, { key, version, createdDate, deleted, value }: KvEntry): KvView {
  const secret = isSecret(namespace, key);
  const clear = secret ? () => kv.find(namespace, key) ?? "" : value;
  return { namespace, key, secret, version, createdDate, deleted, value: clear };
}

/** The namespaces with stored entries, and the namespaces of allocations that have only derived entries. */
function allNamespaces(kv: Kv): string[] {
  const stored = kv.namespaces("");
  const allocations = stored.filter(isInternal).flatMap((members) => {
    const row = kv.entries(members).get(MEMBERS_KEY);
    return row && !row.deleted
      ? row
          .value()
          .split(",")
          .map((host) => `${members}/${host}`)
      : [];
  });
  return [...stored.filter((namespace) => !isInternal(namespace)), ...allocations];
}

function namespacesOf(store: Store, names: readonly string[]): string[] {
  const { jobs, removedJobs, allocations } = store.catalog.read();
  const chosen = [...jobs, ...removedJobs].filter(({ name }) => names.includes(name));
  return chosen.flatMap((job) => {
    const placed = allocations.filter((allocation) => allocation.job === job.name && !allocation.removed);
    const hosts = placed.map(({ host }) => host);
    return readableNamespaces(job, hosts);
  });
}

function readOnlyKv(store: Store, bucket: KeyOfBucket): Kv {
  const now = () => {
    throw new MaandError({ code: "STORE_BROKEN", message: "KV entries are only read here" });
  };
  return new Kv({ rows: store.kv, key: bucket.key(), now });
}
