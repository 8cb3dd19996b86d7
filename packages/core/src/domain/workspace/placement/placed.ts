import { contentHash } from "../../deploy/digest.ts";
import type { Allocation } from "../job.ts";

/** The allocations of one job, without a value for each: jobs that run on the same workers share their lists. */
export interface PlacedJob {
  /** Hosts of allocations that are not removed, in worker order. */
  readonly members: readonly string[];
  /** The same without disabled ones; the same list if none is disabled. */
  readonly active: readonly string[];
  /** Members that are disabled only because their whole worker is. */
  readonly drained: readonly string[];
  /** The number of allocations that are no longer desired. */
  readonly removed: number;
}

/** Where jobs run, by job. */
export type Placed = ReadonlyMap<string, PlacedJob>;

const NO_HOSTS: readonly string[] = [];

/** No allocation. */
export const NOWHERE: PlacedJob = { members: NO_HOSTS, active: NO_HOSTS, drained: NO_HOSTS, removed: 0 };

/** Where these allocations are. */
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

/** Jobs whose allocations were all removed; a job that was never placed is not among them. */
export function withdrawnJobs(placed: Placed): Set<string> {
  return new Set(
    [...placed].filter(([, { members, removed }]) => members.length === 0 && removed > 0).map(([job]) => job),
  );
}

/** Computes a value of each list once, however many jobs share it. */
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

/** Changes with what a digest is made of. */
const FORMAT = 1;

/**
 * Digests of placements: two are equal if a job has the same allocations, apart from removed ones, in the same order and
 * state. That is everything that a build stores of them.
 */
export function placementDigests(): (placed: Omit<PlacedJob, "removed">) => string {
  const digestOf = oncePerList((hosts) => contentHash(JSON.stringify(hosts)));
  return ({ members, active, drained }) => {
    const lists = active === members ? [members] : [members, active, drained];
    return contentHash([FORMAT, ...lists.map(digestOf)].join(" "));
  };
}
