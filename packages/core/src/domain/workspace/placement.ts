import { groupBy } from "../group-by.ts";
import { type Disabled, isDisabled, isNamed } from "./disabled.ts";
import { allocationId } from "./identity.ts";
import type { Allocation, Job } from "./job.ts";
import { compareHosts, type Worker } from "./worker.ts";

/**
 * Places jobs on workers: a job runs on every worker that has all the labels it selects. Earlier allocations that are
 * no longer desired are marked as removed and kept until `gc`. `workers` and `jobs` are in catalog order, and so is the
 * result: job by job, worker by worker, removed ones last.
 */
export function place(
  jobs: readonly Pick<Job, "name" | "selectors">[],
  workers: readonly Pick<Worker, "host" | "labels">[],
  disabled: Disabled,
  before: readonly Allocation[],
): Allocation[] {
  const known = groupBy(before, ({ job }) => job);
  const selected = selectorOf(workers);
  const isAnyDisabled = disabled.workers.size > 0 || disabled.jobs.size > 0;
  const placed: Allocation[] = [];
  for (const job of jobs) {
    const own = new Earlier(known.get(job.name) ?? []);
    known.delete(job.name);
    for (const [index, { host }] of selected(job.selectors).entries()) {
      const was = own.take(host);
      const off = isAnyDisabled && isDisabled(disabled, job.name, host);
      const drained = off && !isNamed(disabled, job.name, host);
      if (was && isSame(was, { disabled: off, drained, index })) placed.push(was);
      else {
        const state = { disabled: off, ...(drained ? { drained } : {}), removed: false, index };
        placed.push({ id: was?.id ?? allocationId(job.name, host), job: job.name, host, ...state });
      }
    }
    const left = own.left();
    if (left.length > 0) known.set(job.name, left);
  }
  const left = [...known.values()].flat().sort(byJobAndHost);
  return [...placed, ...left.map((allocation) => (allocation.removed ? allocation : { ...allocation, removed: true }))];
}

/** Workers by selectors, in catalog order. Most jobs of a fleet share a few lists of selectors. */
function selectorOf(workers: readonly Pick<Worker, "host" | "labels">[]) {
  const labels = workers.map((worker) => new Set(worker.labels));
  const found = new Map<string, readonly Pick<Worker, "host">[]>();
  return (selectors: readonly string[]) => {
    const key = JSON.stringify(selectors);
    const hosts = found.get(key) ?? workers.filter((_, at) => selectors.every((label) => labels[at]?.has(label)));
    found.set(key, hosts);
    return hosts;
  };
}

function isSame(
  was: Allocation,
  { disabled, drained, index }: { readonly disabled: boolean; readonly drained: boolean; readonly index: number },
): boolean {
  const is = was.disabled === disabled && (was.drained ?? false) === drained && was.index === index;
  return is && !was.removed && was.inMaintenance === undefined;
}

/**
 * The earlier allocations of a job, taken by host. They are nearly always taken in order, which needs no map. For a
 * large fleet, creating the maps takes longer than the rest of the placement.
 */
class Earlier {
  readonly #all: readonly Allocation[];
  #at = 0;
  #byHost: Map<string, Allocation> | undefined;

  constructor(all: readonly Allocation[]) {
    this.#all = all;
  }

  take(host: string): Allocation | undefined {
    const next = this.#all[this.#at];
    if (!this.#byHost && next?.host === host) {
      this.#at += 1;
      return next;
    }
    this.#byHost ??= this.#rest();
    const found = this.#byHost.get(host);
    this.#byHost.delete(host);
    return found;
  }

  /** Allocations that were not taken. */
  left(): Allocation[] {
    return this.#byHost ? [...this.#byHost.values()] : this.#all.slice(this.#at);
  }

  #rest(): Map<string, Allocation> {
    return new Map(this.#all.slice(this.#at).map((allocation) => [allocation.host, allocation]));
  }
}

function byJobAndHost(a: Allocation, b: Allocation): number {
  return a.job === b.job ? compareHosts(a.host, b.host) : a.job < b.job ? -1 : 1;
}
