import type { Catalog } from "../workspace/catalog.ts";
import { NOWHERE, oncePerList, type Placed, placedOf, withdrawnJobs } from "../workspace/placement/placed.ts";
import type { KvEntries } from "./entries.ts";
import { jobEntries } from "./kv-job.ts";
import { MEMBERS_KEY, NAMESPACE } from "./kv-names.ts";
import { labelEntries, workerEntries } from "./kv-worker.ts";

/** The sources of KV entries. */
export interface KvSources {
  readonly bucketId: string;
  readonly catalog: Catalog;
  /** The placement of the allocations; default: computed from all allocations. */
  readonly placed?: Placed;
  /** `bucket.conf`. */
  readonly bucketVars: KvEntries;
  /** Tables of the override file, by job. */
  readonly overrides: ReadonlyMap<string, KvEntries>;
  /** `vars.toml`, by job. */
  readonly jobVars: ReadonlyMap<string, KvEntries>;
}

/** The KV entries of a build. */
export interface KvContents {
  /** The namespaces that these entries replace, by name; contributions of plugins are added to them. */
  readonly whole: ReadonlyMap<string, KvEntries>;
  /** The namespaces that these entries are added to, without deleting other entries, because hooks also write there. */
  readonly put: ReadonlyMap<string, KvEntries>;
}

/**
 * All entries that a build publishes, except those that {@link derivedEntries} computes on reading. A job whose
 * allocations were all removed publishes nothing; a job that was never placed or is disabled everywhere still publishes
 * its entries.
 */
export function kvContents(sources: KvSources): KvContents {
  const { catalog, overrides, jobVars } = sources;
  const placed = sources.placed ?? placedOf(catalog.allocations);
  const gone = withdrawnJobs(placed);
  const jobs = catalog.jobs.filter(({ name }) => !gone.has(name));
  const whole = new Map<string, KvEntries>([
    [NAMESPACE.bucketVars, sources.bucketVars],
    [NAMESPACE.bucket, bucketEntries(sources, jobs, placed)],
    [NAMESPACE.workers, labelEntries(catalog.workers)],
  ]);
  const jobsOn = activeJobs(placed);
  for (const worker of catalog.workers) {
    whole.set(NAMESPACE.worker(worker.host), workerEntries(worker, jobsOn(worker.host)));
    whole.set(NAMESPACE.tags(worker.host), new Map(Object.entries(worker.tags)));
  }
  const joined = oncePerList(csv);
  for (const job of jobs) {
    const { members, active } = placed.get(job.name) ?? NOWHERE;
    whole.set(NAMESPACE.job(job.name), jobEntries(job, active, joined(active)));
    whole.set(NAMESPACE.overrides(job.name), overrides.get(job.name) ?? NONE);
    whole.set(NAMESPACE.members(job.name), members.length === 0 ? NONE : new Map([[MEMBERS_KEY, joined(members)]]));
  }
  const put = jobs.map(({ name }) => [NAMESPACE.jobVars(name), jobVars.get(name) ?? NONE] as const);
  return { whole, put: new Map(put) };
}

const NONE: KvEntries = new Map();

/** The active jobs of each worker, as one string. Jobs that run on the same workers are processed together. */
function activeJobs(placed: Placed): (host: string) => string {
  const jobs = [...placed.keys()];
  const sharing = new Map<readonly string[], number[]>();
  for (const [at, { active }] of [...placed.values()].entries()) {
    const others = sharing.get(active);
    if (others) others.push(at);
    else sharing.set(active, [at]);
  }
  const lists = [...sharing.values()];
  const listsOn = new Map<string, string>();
  for (const [at, hosts] of [...sharing.keys()].entries())
    for (const host of hosts) listsOn.set(host, `${listsOn.get(host) ?? ""}${at} `);
  const texts = new Map<string, string>([["", ""]]);
  return (host) => {
    const key = listsOn.get(host) ?? "";
    const text = texts.get(key) ?? csv(inOrder(key, lists).map((at) => jobs[at] ?? ""));
    texts.set(key, text);
    return text;
  };
}

function inOrder(key: string, lists: readonly (readonly number[])[]): number[] {
  const own = key
    .trimEnd()
    .split(" ")
    .flatMap((at) => lists[Number(at)] ?? []);
  return own.sort((a, b) => a - b);
}

/**
 * The entries of `maand/bucket`. The ports of every job with an allocation are published, even if the allocation is
 * disabled. A port is omitted if another job declares a port of the same name, because the name would be ambiguous.
 */
function bucketEntries({ bucketId, catalog }: KvSources, jobs: Catalog["jobs"], placed: Placed): KvEntries {
  const declared = new Map<string, number>();
  for (const { ports } of jobs)
    for (const name of Object.keys(ports)) declared.set(name, (declared.get(name) ?? 0) + 1);
  const entries = new Map<string, string>();
  for (const job of jobs) {
    if ((placed.get(job.name)?.members.length ?? 0) === 0) continue;
    for (const [name, port] of Object.entries(job.ports)) if (declared.get(name) === 1) entries.set(name, String(port));
  }
  return entries
    .set("bucket_id", bucketId)
    .set("jobs", csv(catalog.jobs.map(({ name }) => name).sort()))
    .set(
      "activejobs",
      csv(
        [...placed]
          .filter(([, { active }]) => active.length > 0)
          .map(([name]) => name)
          .sort(),
      ),
    );
}

function csv(items: readonly string[]): string {
  return items.join(",");
}
