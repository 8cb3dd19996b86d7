import { type Away, isUncertain } from "./away.ts";
import type { Budget } from "./budget.ts";

/**
 * The purpose of a request for downtime. `restart`: the allocation is started again immediately. `stop`: it stays down.
 * `worker`: all allocations on a worker are down for a while.
 */
export type DowntimeKind = "restart" | "stop" | "worker";

/** Allocations that go down together or not at all: a single allocation, or all allocations on a worker. */
export interface DowntimeUnit {
  readonly host: string;
  /** Jobs whose allocation on this host is stopped. */
  readonly jobs: readonly string[];
}

/** The state of a job for the decision. */
export interface JobAvailability {
  readonly job: string;
  readonly budget: Budget;
  /** The allocations that are unavailable now, by host. */
  readonly away: ReadonlyMap<string, Away>;
}

/** Why a unit may not go down: the budget of a job is used up. */
export interface BudgetRefusal {
  readonly kind: "budget";
  readonly job: string;
  readonly host: string;
  readonly budget: Budget;
  /** The other allocations that were unavailable before the request and count against the budget, in worker order. */
  readonly away: readonly Away[];
  /** The hosts not in `away` that the same request takes down; they use the budget too. */
  readonly granted: readonly string[];
}

/** Which units may go down, and which may not. */
export interface DowntimeDecision {
  readonly granted: readonly DowntimeUnit[];
  readonly refused: readonly { readonly unit: DowntimeUnit; readonly refusal: BudgetRefusal }[];
}

/**
 * Decides which units may go down. Taking down an allocation that is already unavailable costs nothing. Units that cost
 * nothing are decided first, and all others in the given order. A unit is granted if each of its jobs stays within its
 * budget. A granted unit counts against the budget for the units after it. Without a written budget, restarts are not
 * limited.
 */
export function decideDowntime(
  kind: DowntimeKind,
  units: readonly DowntimeUnit[],
  jobs: ReadonlyMap<string, JobAvailability>,
): DowntimeDecision {
  const taken = new Map<string, Set<string>>();
  const granted: DowntimeUnit[] = [];
  const refused: { unit: DowntimeUnit; refusal: BudgetRefusal }[] = [];
  for (const unit of inOrder(kind, units, jobs)) {
    const refusal = refusalOf(kind, unit, jobs, taken);
    if (refusal) refused.push({ unit, refusal });
    else {
      granted.push(unit);
      for (const job of unit.jobs) taken.set(job, (taken.get(job) ?? new Set()).add(unit.host));
    }
  }
  return { granted, refused };
}

/** The units in the order in which they are decided: those that cost nothing come first. */
function inOrder(
  kind: DowntimeKind,
  units: readonly DowntimeUnit[],
  jobs: ReadonlyMap<string, JobAvailability>,
): DowntimeUnit[] {
  const isFree = ({ host, jobs: names }: DowntimeUnit) =>
    names.every((name) => {
      const availability = jobs.get(name);
      return availability === undefined || isFreeAt(kind, host, availability);
    });
  return [...units.filter(isFree), ...units.filter((unit) => !isFree(unit))];
}

function refusalOf(
  kind: DowntimeKind,
  { host, jobs: names }: DowntimeUnit,
  jobs: ReadonlyMap<string, JobAvailability>,
  taken: ReadonlyMap<string, ReadonlySet<string>>,
): BudgetRefusal | undefined {
  for (const name of names) {
    const availability = jobs.get(name);
    if (!availability || isFreeAt(kind, host, availability) || !isLimited(kind, availability.budget)) continue;
    const away = countedAway(availability).filter((one) => one.host !== host);
    const more = [...(taken.get(name) ?? [])].filter((other) => !away.some((one) => one.host === other));
    if (away.length + more.length < availability.budget.size) continue;
    return { kind: "budget", job: name, host, budget: availability.budget, away, granted: more };
  }
  return undefined;
}

/**
 * Whether taking down an allocation costs nothing, because the allocation is unavailable. If only the job as a whole is
 * known to be unhealthy, a restart costs nothing because it might repair the job, but taking an allocation out of
 * service counts.
 */
function isFreeAt(kind: DowntimeKind, host: string, { away }: JobAvailability): boolean {
  const found = away.get(host);
  return found !== undefined && found.isUp !== true && (found.cause !== "suspect" || kind === "restart");
}

/** Whether a budget limits a request of this kind. Restarts are limited only by a written budget. */
export function isLimited(kind: DowntimeKind, { isWritten }: Budget): boolean {
  return isWritten || kind !== "restart";
}

/**
 * The allocations that count against the budget. An allocation that never ran does not count against a default budget.
 */
function countedAway({ away, budget }: JobAvailability): Away[] {
  return [...away.values()].filter(({ cause }) => budget.isWritten || cause !== "not_started");
}

/**
 * Returns the jobs whose health must be checked before a request is decided. The budget of such a job limits the
 * request and is smaller than the number of its allocations. In addition, either a check could show that an allocation
 * in the request is running although it counts as unavailable, or the request uses the budget, and the budget is not
 * yet used up by allocations that a check cannot show to be available again.
 */
export function jobsToCheck(
  kind: DowntimeKind,
  units: readonly DowntimeUnit[],
  jobs: ReadonlyMap<string, JobAvailability>,
  mayBeBack: (job: string, away: Away) => boolean,
): string[] {
  const names = [...new Set(units.flatMap((unit) => unit.jobs))];
  return names.filter((name) => {
    const availability = jobs.get(name);
    if (!availability || !isLimited(kind, availability.budget) || availability.budget.size >= availability.budget.total)
      return false;
    const own = units.filter((unit) => unit.jobs.includes(name));
    if (own.some(({ host }) => isUncertainAt(host, availability, mayBeBack))) return true;
    const costs = own.some(({ host }) => !isFreeAt(kind, host, availability));
    const stuck = countedAway(availability).filter((away) => !mayBeBack(name, away));
    return costs && stuck.length < availability.budget.size;
  });
}

/**
 * Whether a check could show that an allocation that counts as unavailable is running, and that taking it down uses the
 * budget.
 */
function isUncertainAt(
  host: string,
  { job, away }: JobAvailability,
  mayBeBack: (job: string, away: Away) => boolean,
): boolean {
  const found = away.get(host);
  return found !== undefined && found.isUp !== true && (isUncertain(found) || mayBeBack(job, found));
}
