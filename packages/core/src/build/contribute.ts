import pLimit from "p-limit";
import { isSecret, NAMESPACE } from "../domain/kv/kv-names.ts";
import type { Job } from "../domain/workspace/job.ts";
import { MaandError } from "../errors.ts";
import type { ContributeContext, KvContribution } from "../plugin-api/contexts.ts";
import { isTapped } from "../plugin-api/tapping/tap-by-name.ts";
import { type Run, workerOf } from "../run/run.ts";
import { jobContext } from "../run/scope/contexts.ts";
import type { KvStore } from "../store/kv/kv.ts";

/** The entries plugins contribute to one namespace. */
export interface Contributed {
  readonly entries: ReadonlyMap<string, string>;
  /** Whether a key belongs to a plugin, so that it is deleted when the plugin no longer contributes it. */
  owns(key: string): boolean;
}

/** The entries plugins contribute to the KV store, by namespace. */
export type Contributions = ReadonlyMap<string, Contributed>;

type Source = Pick<Run, "reporter" | "bucket" | "workers" | "allocationsOf">;

/** The number of jobs to contribute for in parallel; slow work, such as generating keys, then overlaps. */
const JOBS_AT_ONCE = 8;

/**
 * Calls the `contribute` taps for each job. If two jobs set the same key, the later one wins. Writes nothing. In a preview,
 * plugins write nothing either.
 */
export async function contributions(source: Source, jobs: readonly Job[], isPreview = false): Promise<Contributions> {
  const found = new Collected();
  if (!isTapped(source.bucket.hooks.contribute)) return found.byNamespace;
  const limit = pLimit(JOBS_AT_ONCE);
  const results = await Promise.allSettled(jobs.map((job) => limit(() => contributionsOf(source, job, isPreview))));
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

async function contributionsOf(source: Source, job: Job, isPreview: boolean): Promise<readonly Synced[]> {
  const base = jobContext(source, job);
  const hosts = lazy(() => new Set(base.allocations.map(({ host }) => host)));
  const workers = lazy(() => new Map([...hosts()].map((host) => [host, workerOf(source, host)])));
  const synced: Synced[] = [];
  const context: ContributeContext = Object.freeze({
    ...base,
    get workers() {
      return workers(); // most plugins do not need these for most jobs
    },
    kv: contributionOf(source.bucket.kv, job.name, hosts, synced),
    now: source.bucket.now,
    isPreview,
  });
  await source.bucket.hooks.contribute.promise(context);
  return synced;
}

function contributionOf(kv: KvStore, job: string, hosts: () => ReadonlySet<string>, synced: Synced[]): KvContribution {
  const shared = new Set([NAMESPACE.job(job), NAMESPACE.secrets(job), NAMESPACE.workers, NAMESPACE.prometheus]);
  const allocations = NAMESPACE.allocation(job, "");
  const isOwn = (namespace: string) =>
    shared.has(namespace) || (namespace.startsWith(allocations) && hosts().has(namespace.slice(allocations.length)));
  return Object.freeze({
    find: (namespace: string, key: string) => kv.find(namespace, key),
    keys: (namespace: string) => kv.keys(namespace),
    isSecret,
    sync(namespace: string, prefix: string, entries: Readonly<Record<string, string>>) {
      const stray = Object.keys(entries).find((key) => !key.startsWith(prefix));
      if (!isOwn(namespace)) throw refused(job, namespace);
      if (stray !== undefined)
        throw new TypeError(`the key "${stray}" of ${namespace} does not begin with "${prefix}"`);
      synced.push({ namespace, prefix, entries });
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
