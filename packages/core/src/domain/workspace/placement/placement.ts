import { groupBy } from "../../group-by.ts";
import { type Disabled, isDisabled, isNamed } from "../disabled.ts";
import { allocationId } from "../identity.ts";
import type { Allocation, Job } from "../job.ts";
import { compareHosts, type Worker } from "../worker.ts";
import { oncePerList, type Placed, type PlacedJob, placedOf, placementDigests } from "./placed.ts";

/**
 * Places jobs on workers: a job runs on every worker that has all the labels that the job selects. Earlier allocations
 * that are no longer desired are marked as removed, and are kept until `gc` purges them. `workers` and `jobs` are in
 * catalog order. The result is in the same order: job by job, worker by worker, with removed allocations last.
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
    for (const [index, host] of selected(job.selectors).entries()) {
      const was = own.take(host);
      const off = isAnyDisabled && isDisabled(disabled, job.name, host);
      const drained = off && !isNamed(disabled, job.name, host);
      if (was && isSame(was, { disabled: off, drained, index })) placed.push(was);
      else {
        const id = was?.id ?? allocationId(job.name, host);
        if (drained) placed.push({ id, job: job.name, host, disabled: off, drained, removed: false, index });
        else placed.push({ id, job: job.name, host, disabled: off, removed: false, index });
      }
    }
    const left = own.left();
    if (left.length > 0) known.set(job.name, left);
  }
  const left = [...known.values()].flat().sort(byJobAndHost);
  return [...placed, ...left.map((allocation) => (allocation.removed ? allocation : { ...allocation, removed: true }))];
}

/** The recorded placement of a job. The store deletes it as soon as an allocation of the job is written. */
export interface RecordedPlacement {
  readonly digest: string;
  /** The number of its allocations that are no longer desired. */
  readonly removed: number;
}

/** The stored allocations. A placement reads only the allocations of jobs whose placement might change. */
export interface EarlierAllocations {
  readonly placements: ReadonlyMap<string, RecordedPlacement>;
  /** Returns the allocations of all jobs except the given ones. */
  except(jobs: ReadonlySet<string>): readonly Allocation[];
}

/** The placement of jobs, and the allocations that might differ from the stored ones. */
export interface Placement {
  readonly placed: Placed;
  /** Jobs whose placement equals the recorded placement. */
  readonly same: ReadonlySet<string>;
  /** The allocations of all other jobs. */
  readonly changed: readonly Allocation[];
  /** The stored allocations of the jobs in `changed`, and of jobs that were removed. */
  readonly earlier: readonly Allocation[];
}

/**
 * Returns the same placement as {@link place}, but creates no values for the allocations of jobs whose placement is
 * unchanged. The work for such a job does not depend on the number of its workers.
 */
export function placeChanged(
  jobs: readonly Pick<Job, "name" | "selectors">[],
  workers: readonly Pick<Worker, "host" | "labels">[],
  disabled: Disabled,
  { placements, except }: EarlierAllocations,
): Placement {
  const desired = desiredPlacements(jobs, workers, disabled);
  const digestOf = placementDigests();
  const same = new Set(
    [...desired].filter(([name, own]) => placements.get(name)?.digest === digestOf(own)).map(([name]) => name),
  );
  const earlier = except(same);
  const others = jobs.filter(({ name }) => !same.has(name));
  const changed = others.length + earlier.length === 0 ? [] : place(others, workers, disabled, earlier);
  const removed = placedOf(changed.filter((allocation) => allocation.removed));
  const placed = new Map(
    [...desired].map(([name, own]) => {
      const count = same.has(name) ? placements.get(name)?.removed : removed.get(name)?.removed;
      return [name, { ...own, removed: count ?? 0 }];
    }),
  );
  return { placed, same, changed, earlier };
}

/** The hosts of each job. Jobs with the same selectors share one list unless `disabled.json` names them. */
function desiredPlacements(
  jobs: readonly Pick<Job, "name" | "selectors">[],
  workers: readonly Pick<Worker, "host" | "labels">[],
  disabled: Disabled,
): Map<string, Omit<PlacedJob, "removed">> {
  const selected = selectorOf(workers);
  const hostsOf = oncePerList((members: readonly string[]) => ({
    members,
    ...withoutDisabled(members, (host) => disabled.workers.has(host)),
    drained: members.filter((host) => disabled.workers.has(host)),
  }));
  return new Map(
    jobs.map(({ name, selectors }) => {
      const members = selected(selectors);
      const named = disabled.jobs.get(name);
      if (named === undefined) return [name, hostsOf(members)];
      const active = withoutDisabled(members, (host) => isDisabled(disabled, name, host));
      const drained = hostsOf(members).drained.filter((host) => !isNamed(disabled, name, host));
      return [name, { members, ...active, drained }];
    }),
  );
}

/**
 * The members that are not disabled. If none is disabled, the result is the list itself, so that jobs share lists and
 * the lists can be compared by identity.
 */
function withoutDisabled(members: readonly string[], isOff: (host: string) => boolean): Pick<PlacedJob, "active"> {
  const active = members.filter((host) => !isOff(host));
  return { active: active.length === members.length ? members : active };
}

/**
 * Finds the hosts that match a list of selectors, in catalog order. Most jobs of a fleet share a few lists of
 * selectors.
 */
function selectorOf(workers: readonly Pick<Worker, "host" | "labels">[]) {
  const labels = workers.map((worker) => new Set(worker.labels));
  const found = new Map<string, readonly string[]>();
  const hostsWith = (selectors: readonly string[]) =>
    workers.filter((_, at) => selectors.every((label) => labels[at]?.has(label))).map(({ host }) => host);
  return (selectors: readonly string[]) => {
    const key = JSON.stringify(selectors);
    const hosts = found.get(key) ?? hostsWith(selectors);
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
 * The earlier allocations of a job, which callers take by host. Callers nearly always take them in stored order, so a
 * map is rarely needed. For a large fleet, creating the maps would take longer than the rest of a placement.
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

  /** The allocations that were not taken. */
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
