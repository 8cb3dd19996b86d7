import { contentHash } from "../../deploy/digest.ts";
import type { Allocation } from "../job.ts";

/** The allocations of one job as lists of hosts. Jobs that run on the same workers share the lists. */
export interface PlacedJob {
  /** Hosts of allocations that are not removed, in worker order. */
  readonly members: readonly string[];
  /** Members that are not disabled; the same list as `members` if none is disabled. */
  readonly active: readonly string[];
  /** Members that are disabled only because their whole worker is disabled. */
  readonly drained: readonly string[];
  /** The number of allocations that are no longer desired. */
  readonly removed: number;
}

/** Where each job runs. */
export type Placed = ReadonlyMap<string, PlacedJob>;

const NO_HOSTS: readonly string[] = [];

/** No allocation. */
export const NOWHERE: PlacedJob = { members: NO_HOSTS, active: NO_HOSTS, drained: NO_HOSTS, removed: 0 };

/** Where these allocations are, by job. */
export function placedOf(allocations: readonly Allocation[]): Placed {
  const placed = new Map<string, { members: string[]; active: string[]; drained: string[]; removed: number }>();
  for (const { job, host, disabled, drained, removed } of allocations) {
    const own = placed.get(job) ?? { members: [], active: [], drained: [], removed: 0 };
    placed.set(job, own);
    if (removed) own.removed += 1;
    else {
      own.members.push(host);
      if (!disabled) own.active.push(host);
      if (drained) own.drained.push(host);
    }
  }
  for (const own of placed.values()) if (own.active.length === own.members.length) own.active = own.members;
  return placed;
}

/** The number of allocations that are not removed. */
export function placedCount(placed: Placed): number {
  return [...placed.values()].reduce((sum, { members }) => sum + members.length, 0);
}

/** Jobs whose allocations were all removed. Jobs that were never placed do not count. */
export function withdrawnJobs(placed: Placed): Set<string> {
  return new Set(
    [...placed].filter(([, { members, removed }]) => members.length === 0 && removed > 0).map(([job]) => job),
  );
}

/** Computes a value once for each list, however many jobs share the list. */
export function oncePerList<T extends NonNullable<unknown>>(
  compute: (hosts: readonly string[]) => T,
): (hosts: readonly string[]) => T {
  const known = new Map<readonly string[], T>();
  return (hosts) => {
    const value = known.get(hosts) ?? compute(hosts);
    known.set(hosts, value);
    return value;
  };
}

/** Increase this number whenever digests cover different values. */
const FORMAT = 1;

/**
 * Computes digests of placements. Two digests are equal if the allocations of the job are the same, in the same order
 * and state, apart from removed allocations. A digest thus covers everything that a build stores about them.
 */
export function placementDigests(): (placed: Omit<PlacedJob, "removed">) => string {
  const digestOf = oncePerList((hosts) => contentHash(JSON.stringify(hosts)));
  return ({ members, active, drained }) => {
    const lists = active === members ? [members] : [members, active, drained];
    return contentHash([FORMAT, ...lists.map(digestOf)].join(" "));
  };
}
