import { isSecret, NAMESPACE } from "../domain/kv/kv-names.ts";
import { MaandError } from "../errors.ts";
import type { KvReader } from "../plugin-api/kv.ts";

/** KV entries by namespace and key; the job may not read other namespaces. */
export type FakeKv = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** A reader of these entries, with the errors of the real one. */
export function fakeKv(entries: FakeKv = {}): KvReader {
  const of = (namespace: string) => {
    const found = entries[namespace];
    if (found) return found;
    if (namespace === NAMESPACE.bucketSecrets) return {}; // every job may read it
    throw new MaandError({ code: "KV_REFUSED", message: `job api may not read the KV namespace ${namespace}` });
  };
  return {
    find: (namespace, key) => of(namespace)[key],
    keys: (namespace) => Object.keys(of(namespace)).sort(),
    isSecret,
    get(namespace, key) {
      const value = of(namespace)[key];
      if (value !== undefined) return value;
      throw new MaandError({ code: "NOT_FOUND", message: `the KV namespace ${namespace} has no key "${key}"` });
    },
  };
}
