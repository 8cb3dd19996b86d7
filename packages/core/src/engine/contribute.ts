import type { ContributeContext, KvContribution } from "../contexts.ts";
import type { Job } from "../domain/job.ts";
import { isSecret, NAMESPACE } from "../domain/kv-names.ts";
import { MaandError } from "../errors.ts";
import type { Kv } from "../store/kv.ts";
import { jobContext } from "./contexts-of.ts";
import { type Run, workerOf } from "./run.ts";

/** What plugins want to have in one namespace. */
export interface Contributed {
  readonly entries: ReadonlyMap<string, string>;
  /** Whether a key is theirs, so that it goes when they no longer name it. */
  owns(key: string): boolean;
}

/** What plugins want to have in the KV store, by namespace. */
export type Contributions = ReadonlyMap<string, Contributed>;

type Source = Pick<Run, "frame" | "maand" | "workers" | "allocationsOf">;

/** Asks the `contribute` taps about each job, in the order given. Nothing is written here. */
export async function contributions(source: Source, jobs: readonly Job[]): Promise<Contributions> {
  const { hooks, kv } = source.maand;
  const found = new Collected();
  if (!hooks.contribute.isUsed()) return found.byNamespace;
  for (const job of jobs) {
    const base = jobContext(source, job);
    const hosts = base.allocations.map(({ host }) => host);
    const context: ContributeContext = Object.freeze({
      ...base,
      workers: new Map(hosts.map((host) => [host, workerOf(source, host)])),
      kv: contributionOf(kv, job.name, hosts, found),
    });
    await hooks.contribute.promise(context);
  }
  return found.byNamespace;
}

function contributionOf(kv: Kv, job: string, hosts: readonly string[], found: Collected): KvContribution {
  const own = new Set([
    NAMESPACE.job(job),
    NAMESPACE.workers,
    NAMESPACE.prometheus,
    ...hosts.map((host) => NAMESPACE.allocation(job, host)),
  ]);
  return Object.freeze({
    find: (namespace: string, key: string) => kv.find(namespace, key),
    keys: (namespace: string) => kv.keys(namespace),
    isSecret,
    sync(namespace: string, prefix: string, entries: Readonly<Record<string, string>>) {
      const stray = Object.keys(entries).find((key) => !key.startsWith(prefix));
      if (!own.has(namespace)) throw refused(job, namespace);
      if (stray !== undefined)
        throw new TypeError(`the key "${stray}" of ${namespace} does not begin with "${prefix}"`);
      found.add(namespace, prefix, entries);
    },
  });
}

class Collected {
  readonly byNamespace = new Map<string, Contributed>();

  add(namespace: string, prefix: string, entries: Readonly<Record<string, string>>): void {
    const before = this.byNamespace.get(namespace);
    const kept = [...(before?.entries ?? [])].filter(([key]) => !key.startsWith(prefix));
    this.byNamespace.set(namespace, {
      entries: new Map([...kept, ...Object.entries(entries)]),
      owns: (key) => key.startsWith(prefix) || (before?.owns(key) ?? false),
    });
  }
}

function refused(job: string, namespace: string): MaandError {
  return new MaandError({
    code: "KV_REFUSED",
    message: `nothing can be contributed to the KV namespace ${namespace} in the name of job ${job}`,
    hint: `${NAMESPACE.job(job)}, ${NAMESPACE.allocation(job, "<host>")}, ${NAMESPACE.workers} and ${NAMESPACE.prometheus} can be`,
  });
}
