import pLimit from "p-limit";
import { groupBy } from "../domain/group-by.ts";
import { isSecret, NAMESPACE } from "../domain/kv/kv-names.ts";
import type { Catalog } from "../domain/workspace/catalog.ts";
import type { Job } from "../domain/workspace/job.ts";
import { MaandError } from "../errors.ts";
import type { ContributeContext, KvContribution } from "../plugin-api/contexts.ts";
import { isTapped } from "../plugin-api/tapping/tap-by-name.ts";
import { claimReader, type Run, workerOf } from "../run/run.ts";
import type { KvStore } from "../store/kv/kv.ts";

/** The entries that plugins contribute to one namespace. */
export interface Contributed {
  readonly entries: ReadonlyMap<string, string>;
  /** Whether a key belongs to a plugin. The build deletes the plugin's keys that the plugin no longer contributes. */
  owns(key: string): boolean;
}

/** The entries that plugins contribute to the KV store, by namespace. */
export type Contributions = ReadonlyMap<string, Contributed>;

type Source = Pick<Run, "reporter" | "bucket" | "workers" | "jobs" | "allocationsOf">;

/**
 * The source for `contribute` taps: a catalog that is not stored yet. Its allocations are computed only when a tap
 * reads them.
 */
export function contributionSource({ bucket, reporter }: Pick<Run, "bucket" | "reporter">, catalog: Catalog): Source {
  const allocations = lazy(() =>
    groupBy(
      catalog.allocations.filter(({ removed }) => !removed),
      ({ job }) => job,
    ),
  );
  const jobs = catalog.jobs.map(claimReader(bucket.plugins));
  return {
    bucket,
    reporter,
    workers: new Map(catalog.workers.map((worker) => [worker.host, worker])),
    jobs: new Map(jobs.map((job) => [job.name, job])),
    get allocationsOf() {
      return allocations();
    },
  };
}

/** The number of jobs that are processed in parallel, so that slow work such as generating keys overlaps. */
const JOBS_AT_ONCE = 8;

/**
 * Calls the `contribute` taps for each job. If two jobs contribute to the same namespace, the entries of the later job
 * replace all entries whose keys begin with its prefix. Writes nothing. In a preview, plugins write nothing either.
 */
export async function contributions(source: Source, jobs: readonly Job[], isPreview = false): Promise<Contributions> {
  const found = new Collected();
  if (!isTapped(source.bucket.hooks.contribute)) return found.byNamespace;
  const limit = pLimit(JOBS_AT_ONCE);
  const held = heldByAllocations(source.bucket.kv);
  const results = await Promise.allSettled(
    jobs.map((job) => limit(() => contributionsOf(source, job, held, isPreview))),
  );
  for (const answer of results) {
    if (answer.status === "rejected") throw answer.reason;
    for (const { namespace, prefix, entries } of answer.value) found.add(namespace, prefix, entries);
  }
  return found.byNamespace;
}

interface Synced {
  readonly namespace: string;
  readonly prefix: string;
  readonly entries: Readonly<Record<string, string>>;
}

/**
 * The namespaces of a job's allocations that have entries, or once had some. The first call looks them up for all jobs.
 */
function heldByAllocations(kv: KvStore): (job: string) => readonly string[] {
  const held = lazy(() => groupBy(kv.namespaces(NAMESPACE.jobs), (namespace) => namespace.split("/", 4).join("/")));
  return (job) => {
    const prefix = NAMESPACE.allocation(job, "");
    return (held().get(NAMESPACE.members(job)) ?? []).filter((namespace) => namespace.startsWith(prefix));
  };
}

async function contributionsOf(
  source: Source,
  job: Job,
  held: (job: string) => readonly string[],
  isPreview: boolean,
): Promise<readonly Synced[]> {
  const allocations = () => source.allocationsOf.get(job.name) ?? [];
  const hosts = lazy(() => new Set(allocations().map(({ host }) => host)));
  const workers = lazy(() => new Map([...hosts()].map((host) => [host, workerOf(source, host)])));
  const synced: Synced[] = [];
  const context: ContributeContext = Object.freeze({
    ...source.reporter.context({ job: job.name }),
    job,
    get allocations() {
      return allocations();
    },
    get workers() {
      return workers(); // most plugins do not need these for most jobs
    },
    kv: contributionOf(source.bucket.kv, { job: job.name, hosts, held }, synced),
    now: source.bucket.now,
    isPreview,
  });
  await source.bucket.hooks.contribute.promise(context);
  return synced;
}

interface Contributor {
  readonly job: string;
  hosts(): ReadonlySet<string>;
  held(job: string): readonly string[];
}

function contributionOf(kv: KvStore, { job, hosts, held }: Contributor, synced: Synced[]): KvContribution {
  const shared = new Set([NAMESPACE.job(job), NAMESPACE.secrets(job), NAMESPACE.workers, NAMESPACE.prometheus]);
  const allocations = NAMESPACE.allocation(job, "");
  const isOwn = (namespace: string) =>
    shared.has(namespace) || (namespace.startsWith(allocations) && hosts().has(namespace.slice(allocations.length)));
  const sync = (namespace: string, prefix: string, entries: Readonly<Record<string, string>>) => {
    const stray = Object.keys(entries).find((key) => !key.startsWith(prefix));
    if (!isOwn(namespace)) throw refused(job, namespace);
    if (stray !== undefined) throw new TypeError(`the key "${stray}" of ${namespace} does not begin with "${prefix}"`);
    synced.push({ namespace, prefix, entries });
  };
  return Object.freeze({
    find: (namespace: string, key: string) => kv.find(namespace, key),
    keys: (namespace: string) => kv.keys(namespace),
    isSecret,
    sync,
    syncAllocations(prefix: string, entries: ReadonlyMap<string, Readonly<Record<string, string>>>) {
      const named = new Map([...entries].map(([host, own]) => [`${allocations}${host}`, own]));
      for (const [namespace, own] of named) sync(namespace, prefix, own);
      for (const namespace of held(job)) if (!named.has(namespace)) synced.push({ namespace, prefix, entries: {} });
    },
  });
}

function lazy<T>(make: () => NonNullable<T>): () => NonNullable<T> {
  let made: NonNullable<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

const NONE: ReadonlyMap<string, string> = new Map();

class Collected {
  readonly byNamespace = new Map<string, Contributed>();

  add(namespace: string, prefix: string, entries: Readonly<Record<string, string>>): void {
    const before = this.byNamespace.get(namespace);
    const added = Object.entries(entries);
    const owns = (key: string) => key.startsWith(prefix) || (before?.owns(key) ?? false);
    // most allocations have no entries of plugins
    if (added.length === 0 && !before) {
      this.byNamespace.set(namespace, { entries: NONE, owns });
      return;
    }
    const kept = [...(before?.entries ?? NONE)].filter(([key]) => !key.startsWith(prefix));
    this.byNamespace.set(namespace, { entries: new Map([...kept, ...added]), owns });
  }
}

function refused(job: string, namespace: string): MaandError {
  return new MaandError({
    code: "KV_REFUSED",
    message: `a plugin cannot contribute to the KV namespace ${namespace} for job ${job}`,
    hint: `${NAMESPACE.job(job)}, ${NAMESPACE.secrets(job)}, ${NAMESPACE.allocation(job, "<host>")}, ${NAMESPACE.workers} and ${NAMESPACE.prometheus} are possible`,
  });
}
