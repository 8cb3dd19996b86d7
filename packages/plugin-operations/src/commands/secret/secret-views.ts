import { NAMESPACE, type SecretOwner, type Store, secretNamespace } from "@maand/core/readonly";

/** A secret without its value: one row of `maand secret list`. */
export interface SecretView {
  readonly owner: SecretOwner;
  readonly key: string;
  readonly version: number;
  /** When this version was written, in Unix seconds. */
  readonly createdDate: number;
  /** The reference that it was read from; undefined if it was set. */
  readonly source: string | undefined;
}

/** The secrets of the bucket and of jobs, or of one owner, sorted; the key of the bucket is not needed. */
export function secretViews(store: Store, only?: { readonly owner: SecretOwner }): SecretView[] {
  const prefix = NAMESPACE.secrets("");
  const jobs = store.kv.namespaces(prefix).map((namespace) => namespace.slice(prefix.length));
  const owners = only ? [only.owner] : [undefined, ...jobs];
  const sources = new Map(store.secretSources.all().map((source) => [`${source.namespace} ${source.key}`, source]));
  return owners.flatMap((owner) => {
    const namespace = secretNamespace(owner);
    const live = store.kv.namespace(namespace).filter(({ deleted }) => !deleted);
    return live.map(({ key, version, createdDate }) => {
      const source = sources.get(`${namespace} ${key}`)?.reference;
      return { owner, key, version, createdDate, source };
    });
  });
}
