import { accessHint, readableNamespaces } from "../domain/kv/kv-access.ts";
import { type KvContents, type KvSources, kvContents } from "../domain/kv/kv-contents.ts";
import { derivedEntries, type KvRow } from "../domain/kv/kv-derived.ts";
import { isSecret } from "../domain/kv/kv-names.ts";
import type { Job } from "../domain/workspace/job.ts";
import { didYouMean } from "../domain/workspace/names.ts";
import { MaandError } from "../errors.ts";
import type { KvReader } from "../plugin-api/kv.ts";
import type { KvStore } from "../store/kv/kv.ts";

/**
 * Readers of the KV entries that a build is going to store, for the checks that run before it stores them. The entries
 * are computed when the first reader is used, because most builds use no reader.
 */
export function buildReader(kv: Pick<KvStore, "find" | "keys">, sources: KvSources): (job: Job) => KvReader {
  let contents: KvContents | undefined;
  const published = () => {
    contents ??= kvContents(sources);
    return contents;
  };
  return (job) => readerOf(job, kv, published);
}

function readerOf(job: Job, kv: Pick<KvStore, "find" | "keys">, published: () => KvContents): KvReader {
  const readable = new Set(readableNamespaces(job, []));
  const allowed = (namespace: string) => {
    if (readable.has(namespace)) return namespace;
    throw new MaandError({
      code: "KV_REFUSED",
      message: `job ${job.name} may not read the KV namespace ${namespace}`,
      hint: accessHint(job.name, namespace),
    });
  };
  const find = (namespace: string, key: string) => entriesOf(allowed(namespace), kv, published())(key);
  const keys = (namespace: string) => keysOf(allowed(namespace), kv, published());
  const get = (namespace: string, key: string) => {
    const value = find(namespace, key);
    if (value !== undefined) return value;
    throw new MaandError({
      code: "NOT_FOUND",
      message: `the KV namespace ${namespace} has no key "${key}"`,
      hint: didYouMean(key, keys(namespace)) ?? `to list the keys of ${namespace}, run maand cat kv`,
    });
  };
  return Object.freeze({ find, get, keys, isSecret });
}

type Stored = Pick<KvStore, "find" | "keys">;

function entriesOf(namespace: string, kv: Stored, contents: KvContents): (key: string) => string | undefined {
  const whole = contents.whole.get(namespace);
  if (whole) return (key) => whole.get(key) ?? derivedOf(namespace, contents).get(key);
  const put = contents.put.get(namespace);
  return (key) => put?.get(key) ?? kv.find(namespace, key);
}

function keysOf(namespace: string, kv: Stored, contents: KvContents): string[] {
  const whole = contents.whole.get(namespace);
  const keys = whole
    ? [...whole.keys(), ...derivedOf(namespace, contents).keys()]
    : [...(contents.put.get(namespace)?.keys() ?? []), ...kv.keys(namespace)];
  return [...new Set(keys)].sort();
}

function derivedOf(namespace: string, { whole }: KvContents): Map<string, string> {
  const rows = (from: string) => new Map([...(whole.get(from) ?? [])].map(([key, value]) => [key, rowOf(key, value)]));
  return new Map(derivedEntries(namespace, rows).map(({ key, value }) => [key, value()]));
}

function rowOf(key: string, value: string): KvRow {
  return { key, value, version: 0, createdDate: 0, deleted: false };
}
