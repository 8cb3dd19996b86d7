import { jobsWithKv, purgeJobKv } from "../bucket/job-kv.ts";
import { type KvSources, kvContents } from "../domain/kv/kv-contents.ts";
import { CERTS, NAMESPACE } from "../domain/kv/kv-names.ts";
import { abandonedJobs, abandonedNamespaces } from "../domain/kv/kv-purge.ts";
import type { Catalog } from "../domain/workspace/catalog.ts";
import type { Placement } from "../domain/workspace/placement/placement.ts";
import type { KvStore, SyncedEntries } from "../store/kv/kv.ts";
import type { Contributions } from "./contribute.ts";

/** The input for the KV entries of a build. */
export interface KvBuild {
  readonly before: Catalog;
  readonly sources: KvSources;
  /** The allocations that might have changed; default: all of both catalogs. */
  readonly placement?: Placement;
  readonly contributed: Contributions;
  /** Also delete variables and secrets of removed jobs (`--purge-job-kv`). */
  readonly purgeJobs: boolean;
  /** The jobs whose namespaces are written; default: all jobs. */
  readonly only?: ReadonlySet<string>;
}

/**
 * Returns the sources of a catalog, with the bucket's variables and the overrides from the KV store. Variables of jobs
 * are left out, so they do not change.
 */
export function storedKvSources(
  kv: KvStore,
  { bucketId, catalog }: Pick<KvSources, "bucketId" | "catalog">,
): KvSources {
  const stored = (namespace: string) =>
    new Map(kv.keys(namespace).map((key): [string, string] => [key, kv.find(namespace, key) ?? ""]));
  return {
    bucketId,
    catalog,
    bucketVars: stored(NAMESPACE.bucketVars),
    overrides: new Map(catalog.jobs.map(({ name }) => [name, stored(NAMESPACE.overrides(name))])),
    jobVars: new Map(),
  };
}

/**
 * Updates the KV store to match a catalog, inside the transaction that stores the catalog. Certificates that no plugin
 * contributed are kept, because they might belong to a plugin that is not loaded.
 */
export function storeKv(kv: KvStore, { before, sources, placement, contributed, purgeJobs, only }: KvBuild): void {
  const { catalog } = sources;
  const { whole, put } = kvContents(sources);
  const held = heldIn(kv);
  const idle = (namespace: string, { size }: { readonly size: number }) => size === 0 && !held(namespace);
  const ofAllocations = kv.keysBelow(NAMESPACE.jobs);
  const others = only ? ownNamespaces(catalog, only) : new Set<string>();
  const ofWorkers = new Map<string, SyncedEntries>();
  for (const [namespace, own] of whole) {
    if (others.has(namespace)) continue;
    const more = contributed.get(namespace);
    const entries = more ? new Map([...own, ...more.entries]) : own;
    if (idle(namespace, entries)) continue;
    const drops = (key: string) => !key.startsWith(CERTS) || (more?.owns(key) ?? false);
    if (namespace.startsWith(NAMESPACE.worker(""))) ofWorkers.set(namespace, { entries, drops });
    else kv.sync(namespace, entries, drops);
  }
  kv.syncBelow(NAMESPACE.worker(""), ofWorkers);
  for (const [namespace, { entries, owns }] of contributed) {
    if (whole.has(namespace)) continue;
    // most allocations have no entries of plugins, and in many buckets no allocation ever had such an entry
    if (entries.size === 0 && namespace.startsWith(NAMESPACE.jobs) && !ofAllocations.some(owns)) continue;
    if (!idle(namespace, entries)) kv.sync(namespace, entries, owns);
  }
  for (const [namespace, entries] of put) kv.sync(namespace, entries, () => false);
  const [was, is] = placement
    ? [withAllocations(before, placement.earlier), withAllocations(catalog, placement.changed)]
    : [before, catalog];
  for (const namespace of abandonedNamespaces(was, is, placement?.placed)) kv.purge(namespace);
  if (purgeJobs) for (const job of abandonedJobs(catalog, jobsWithKv(kv))) purgeJobKv(kv, job);
}

function withAllocations({ workers, jobs }: Catalog, allocations: Catalog["allocations"]): Catalog {
  return { workers, jobs, allocations };
}

/**
 * Returns a function that checks whether a namespace ever had an entry. The function looks up all namespaces of a kind
 * together, because separate lookups would take most of the time of a build.
 */
function heldIn(kv: KvStore): (namespace: string) => boolean {
  const kinds = new Map<string, ReadonlySet<string>>();
  return (namespace) => {
    const [first, second, ...rest] = namespace.split("/");
    const kind = rest.length === 0 ? namespace : `${first}/${second}/`;
    const known = kinds.get(kind) ?? new Set(kv.namespaces(kind));
    kinds.set(kind, known);
    return known.has(namespace);
  };
}

/** The namespaces of the jobs that are not in `only`, which are therefore not written. */
function ownNamespaces({ jobs }: Catalog, only: ReadonlySet<string>): Set<string> {
  return new Set(
    jobs
      .filter(({ name }) => !only.has(name))
      .flatMap(({ name }) => [NAMESPACE.job(name), NAMESPACE.overrides(name), NAMESPACE.members(name)]),
  );
}
