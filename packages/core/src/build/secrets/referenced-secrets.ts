import type { Bucket, RunReporter } from "../../bucket/bucket.ts";
import { type Problem, warning } from "../../domain/checks/problem.ts";
import { secretNamespace } from "../../domain/kv/secret-names.ts";
import { plainNamespace, type ReferenceEntry } from "../../domain/kv/secret-reference.ts";
import type { Catalog } from "../../domain/workspace/catalog.ts";
import type { SecretSource } from "../../store/kv/secret-source-rows.ts";
import { readReferences } from "./read-references.ts";

/** A secret of the workspace and the value that was just read for it. */
export interface ReadSecret extends ReferenceEntry {
  readonly value: string;
}

/** The secrets that a workspace refers to. */
export interface ReferencedSecrets {
  readonly entries: readonly ReferenceEntry[];
  /** Secrets that were just read; all other secrets keep their stored value. */
  readonly read: readonly ReadSecret[];
  /** Warnings for secrets without a value. */
  readonly problems: readonly Problem[];
}

/** Gets the secrets that a workspace refers to. */
export type ResolveEntries = (entries: readonly ReferenceEntry[]) => Promise<ReferencedSecrets>;

/**
 * Reads the secrets that are new, have a changed reference, were changed or deleted in the store, or are too old. All
 * other secrets need no provider.
 */
export function resolvesStale(bucket: Bucket, reporter: RunReporter): ResolveEntries {
  return async (entries) => {
    const stale = staleEntries(bucket, entries);
    if (stale.length === 0) return { entries, read: [], problems: [] };
    const values = await readReferences(
      reporter,
      stale.map(({ reference }) => reference),
    );
    const read = stale.flatMap((entry) => {
      const value = values.get(entry.reference.text);
      return value === undefined ? [] : [{ ...entry, value }];
    });
    return { entries, read, problems: [] };
  };
}

/** Reads no secret, and warns about secrets that were never read. Used by commands that change nothing. */
export function usesStored(bucket: Bucket): ResolveEntries {
  return async (entries) => {
    const missing = entries.filter(({ owner, key }) => !bucket.kv.keys(secretNamespace(owner)).includes(key));
    const problems = missing.map(({ where, reference }) =>
      warning("secret_not_read", where, `${reference.text} was not read yet`, "maand build reads it"),
    );
    return { entries, read: [], problems };
  };
}

function staleEntries({ store, kv, now, settings }: Bucket, entries: readonly ReferenceEntry[]): ReferenceEntry[] {
  if (entries.length === 0) return [];
  const sources = new Map(store.secretSources.all().map((source) => [nameOf(source), source]));
  const oldest = settings.secretsMaxAgeMs > 0 ? (now().getTime() - settings.secretsMaxAgeMs) / 1000 : 0;
  return entries.filter(({ owner, key, reference }) => {
    const namespace = secretNamespace(owner);
    const source = sources.get(nameOf({ namespace, key }));
    const stored = kv.entries(namespace).get(key);
    if (!source || !stored || stored.deleted) return true;
    return source.reference !== reference.text || source.version !== stored.version || source.readAt < oldest;
  });
}

/**
 * Stores the values that were read. Deletes plain variables that became secrets, and secrets whose references no longer
 * exist. Secrets of removed jobs remain until those jobs are cleaned up. Call this in the transaction of the build.
 */
export function storeReferenced(bucket: Bucket, { entries, read }: ReferencedSecrets, { jobs }: Catalog): void {
  const { kv, store } = bucket;
  for (const { owner, key, reference, value } of read)
    storeRead(bucket, { owner, key, reference: reference.text, value });
  for (const { owner, key } of entries) {
    const plain = plainNamespace(owner);
    if (plain !== undefined) kv.remove(plain, key);
  }
  const wanted = new Set(entries.map(({ owner, key }) => nameOf({ namespace: secretNamespace(owner), key })));
  const owners = new Set([secretNamespace(undefined), ...jobs.map(({ name }) => secretNamespace(name))]);
  for (const source of store.secretSources.all()) {
    const { namespace, key } = source;
    if (wanted.has(nameOf(source))) continue;
    if (owners.has(namespace)) kv.remove(namespace, key);
    if (kv.find(namespace, key) === undefined) store.secretSources.forget(namespace, key);
  }
}

/** A value to store, and its source. */
export interface StoredRead extends Pick<ReferenceEntry, "owner" | "key"> {
  readonly reference: string;
  readonly value: string;
}

/** Stores one value that was read. If the value did not change, only the time of the read is stored. */
export function storeRead({ kv, store, now }: Bucket, { owner, key, reference, value }: StoredRead): void {
  const namespace = secretNamespace(owner);
  kv.put(namespace, key, value);
  const version = kv.entries(namespace).get(key)?.version ?? 0;
  store.secretSources.write({ namespace, key, reference, version, readAt: Math.floor(now().getTime() / 1000) });
}

function nameOf({ namespace, key }: Pick<SecretSource, "namespace" | "key">): string {
  return `${namespace} ${key}`;
}
