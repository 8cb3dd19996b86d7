import type { KvEntry } from "../../domain/kv/kv-derived.ts";
import { NAMESPACE } from "../../domain/kv/kv-names.ts";
import { type SecretOwner, secretNamespace } from "../../domain/kv/secret-names.ts";
import type { Store } from "../store.ts";

/** A secret without its value: one row of `maand secret list`. */
export interface SecretView {
  readonly owner: SecretOwner;
  readonly key: string;
  readonly version: number;
  /** When this version was written, in Unix seconds. */
  readonly createdDate: number;
}

/** The secrets of the bucket and of jobs, or of one owner, sorted; the key of the bucket is not needed. */
export function secretViews(store: Store, only?: { readonly owner: SecretOwner }): SecretView[] {
  const prefix = NAMESPACE.secrets("");
  const jobs = store.kv.namespaces(prefix).map((namespace) => namespace.slice(prefix.length));
  const owners = only ? [only.owner] : [undefined, ...jobs];
  return owners.flatMap((owner) =>
    store.kv
      .namespace(secretNamespace(owner))
      .filter(({ deleted }) => !deleted)
      .map((row) => viewOf(owner, row)),
  );
}

function viewOf(
  owner: SecretOwner,
  { key, version, createdDate }: Pick<KvEntry, "key" | "version" | "createdDate">,
): SecretView {
  return { owner, key, version, createdDate };
}
