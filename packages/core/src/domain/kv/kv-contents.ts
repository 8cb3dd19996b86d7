import type { Catalog } from "../workspace/catalog.ts";
import type { Allocation } from "../workspace/job.ts";
import type { KvEntries } from "./entries.ts";
import { jobEntries } from "./kv-job.ts";
import { MEMBERS_KEY, NAMESPACE } from "./kv-names.ts";
import { labelEntries, workerEntries } from "./kv-worker.ts";

/** The sources of KV entries. */
export interface KvSources {
  readonly bucketId: string;
  readonly catalog: Catalog;
  /** `bucket.conf`. */
  readonly bucketVars: KvEntries;
  /** Tables of the override file, by job. */
  readonly overrides: ReadonlyMap<string, KvEntries>;
  /** `vars.toml`, by job. */
  readonly jobVars: ReadonlyMap<string, KvEntries>;
}

/** The KV entries of a build. */
export interface KvContents {
  /** Namespaces replaced by these entries, by name; contributions of plugins are added. */
  readonly whole: ReadonlyMap<string, KvEntries>;
  /** Namespaces these entries are added to, without deleting others, because hooks also write there. */
  readonly put: ReadonlyMap<string, KvEntries>;
}

/**
 * Everything a build publishes, except what {@link derivedEntries} computes on reading. A job whose allocations were
 * all removed publishes nothing; a job that was never placed or is disabled everywhere still publishes its entries.
 */
export function kvContents(sources: KvSources): KvContents {
  const { catalog, overrides, jobVars } = sources;
  const placed = placements(catalog.allocations);
  const gone = new Set(purgedJobs(catalog));
  const jobs = catalog.jobs.filter(({ name }) => !gone.has(name));
  const whole = new Map<string, KvEntries>([
    [NAMESPACE.bucketVars, sources.bucketVars],
    [NAMESPACE.bucket, bucketEntries(sources, jobs, placed)],
    [NAMESPACE.workers, labelEntries(catalog.workers)],
  ]);
  for (const worker of catalog.workers) {
    whole.set(NAMESPACE.worker(worker.host), workerEntries(worker, placed.activeJobs.get(worker.host) ?? []));
    whole.set(NAMESPACE.tags(worker.host), new Map(Object.entries(worker.tags)));
  }
  for (const job of jobs) {
    const members = placed.members.get(job.name) ?? [];
    whole.set(NAMESPACE.job(job.name), jobEntries(job, placed.active.get(job.name) ?? []));
    whole.set(NAMESPACE.overrides(job.name), overrides.get(job.name) ?? NONE);
    whole.set(NAMESPACE.members(job.name), members.length === 0 ? NONE : new Map([[MEMBERS_KEY, members.join(",")]]));
  }
  const put = jobs.map(({ name }) => [NAMESPACE.jobVars(name), jobVars.get(name) ?? NONE] as const);
  return { whole, put: new Map(put) };
}

const NONE: KvEntries = new Map();

/** Jobs of a catalog whose allocations were all removed. */
export function purgedJobs({ jobs, allocations }: Pick<Catalog, "jobs" | "allocations">): string[] {
  const had = new Set(allocations.map(({ job }) => job));
  for (const { job, removed } of allocations) if (!removed) had.delete(job);
  return jobs.map(({ name }) => name).filter((name) => had.has(name));
}

interface Placements {
  /** Hosts of allocations that are not removed, by job, in worker order. */
  readonly members: ReadonlyMap<string, readonly string[]>;
  /** Hosts of allocations that are neither removed nor disabled, by job, in worker order. */
  readonly active: ReadonlyMap<string, readonly string[]>;
  /** Jobs with an active allocation, by host. */
  readonly activeJobs: ReadonlyMap<string, readonly string[]>;
}

function placements(allocations: readonly Allocation[]): Placements {
  const members = new Map<string, string[]>();
  const active = new Map<string, string[]>();
  const activeJobs = new Map<string, string[]>();
  for (const { job, host, disabled, removed } of allocations) {
    if (removed) continue;
    add(members, job, host);
    if (disabled) continue;
    add(active, job, host);
    add(activeJobs, host, job);
  }
  return { members, active, activeJobs };
}

function add(lists: Map<string, string[]>, name: string, item: string): void {
  const list = lists.get(name);
  if (list) list.push(item);
  else lists.set(name, [item]);
}

/**
 * `maand/bucket`. A port is published for every job with an allocation, including disabled ones, and only if no other
 * job declares the same name, because a shared name would be ambiguous.
 */
function bucketEntries({ bucketId, catalog }: KvSources, jobs: Catalog["jobs"], placed: Placements): KvEntries {
  const declared = new Map<string, number>();
  for (const { ports } of jobs)
    for (const name of Object.keys(ports)) declared.set(name, (declared.get(name) ?? 0) + 1);
  const entries = new Map<string, string>();
  for (const job of jobs) {
    if (!placed.members.has(job.name)) continue;
    for (const [name, port] of Object.entries(job.ports)) if (declared.get(name) === 1) entries.set(name, String(port));
  }
  return entries
    .set("bucket_id", bucketId)
    .set("jobs", csv(catalog.jobs.map(({ name }) => name).sort()))
    .set("activejobs", csv([...placed.active.keys()].sort()));
}

function csv(items: readonly string[]): string {
  return items.join(",");
}
