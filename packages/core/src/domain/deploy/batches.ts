import { batchSize } from "../budget/batch-size.ts";
import { upgradeBatch } from "../budget/budget.ts";
import type { Allocation, Job } from "../workspace/job.ts";
import type { Decision } from "./plan.ts";

/** Splits a list into batches of at most `size` items, in order. A `size` less than 1 counts as 1. */
export function inBatches<T>(items: readonly T[], size: number): T[][] {
  const batches: T[][] = [];
  const step = Math.max(1, Math.floor(size));
  for (let at = 0; at < items.length; at += step) batches.push(items.slice(at, at + step));
  return batches;
}

/** The order in which a job's allocations are rolled out, and its source. */
export interface RolloutOrder {
  readonly order: readonly string[];
  readonly source: "kv" | "default";
  /** Why the requested order is ignored. */
  readonly problem?: string;
}

/**
 * The rollout order of a job. A requested order (KV `rollout_order`) is valid if it names every active host exactly
 * once. If it is invalid, the catalog's order applies, and `problem` says why. The catalog's order also applies if none
 * is requested.
 */
export function rolloutOrder(active: readonly string[], requested: string | undefined): RolloutOrder {
  const wanted = (requested ?? "")
    .split(",")
    .map((host) => host.trim())
    .filter((host) => host !== "");
  if (wanted.length === 0) return { order: active, source: "default" };
  const problem = orderProblem(active, wanted);
  return problem === undefined ? { order: wanted, source: "kv" } : { order: active, source: "default", problem };
}

function orderProblem(active: readonly string[], wanted: readonly string[]): string | undefined {
  const known = new Set(active);
  const named = new Set(wanted);
  const unknown = wanted.filter((host) => !known.has(host));
  const missing = active.filter((host) => !named.has(host));
  const twice = named.size === wanted.length ? undefined : firstTwice(wanted);
  if (twice !== undefined) return `it names ${twice} twice`;
  if (unknown.length > 0) return `it names ${unknown.join(", ")}, where this job has no active allocation`;
  return missing.length > 0 ? `it omits ${missing.join(", ")}` : undefined;
}

function firstTwice(hosts: readonly string[]): string | undefined {
  const seen = new Set<string>();
  return hosts.find((host) => {
    const isKnown = seen.has(host);
    seen.add(host);
    return isKnown;
  });
}

/** The properties of a planned allocation that batches depend on. */
export interface BatchMember {
  readonly allocation: Pick<Allocation, "host">;
  readonly decision: Pick<Decision, "action" | "priority">;
}

/** Allocations of a job whose lifecycle commands run in parallel. */
export interface Batch<Member extends BatchMember> {
  /** The members of a `new` batch are started, those of an `update` batch are reloaded or restarted. */
  readonly phase: "new" | "update";
  readonly members: readonly Member[];
  /**
   * Whether the job's health is checked after this batch. It is checked after the last batch of starts, and after each
   * batch of upgrades.
   */
  readonly verify: boolean;
}

/**
 * Splits the allocations that need a lifecycle command into batches: starts, then reloads, then restarts, each in the
 * order of `hosts`. Percentages refer to the number of `hosts`, which are all active hosts. No upgrade batch is larger
 * than the availability budget. The budget refers to `total`, the number of the job's allocations that are not removed.
 */
export function lifecycleBatches<Member extends BatchMember>(
  job: Pick<Job, "maxConcurrentStarts" | "maxConcurrentUpgrades" | "maxUnavailable">,
  hosts: readonly string[],
  members: readonly Member[],
  total = hosts.length,
): Batch<Member>[] {
  const place = new Map(hosts.map((host, at) => [host, at]));
  const inOrder = [...members].sort(
    (a, b) => (place.get(a.allocation.host) ?? 0) - (place.get(b.allocation.host) ?? 0),
  );
  const batches = (action: string, size: number) =>
    priorityFirst(
      inOrder.filter(({ decision }) => decision.action === action),
      size,
    );
  const starts = batches("start", batchSize(job.maxConcurrentStarts, hosts.length, 0));
  const upgradeSize = upgradeBatch(job, { active: hosts.length, total });
  const upgrades = [...batches("reload", upgradeSize), ...batches("restart", upgradeSize)];
  return withChecks([
    ...starts.map((cut) => ({ phase: "new" as const, members: cut })),
    ...upgrades.map((cut) => ({ phase: "update" as const, members: cut })),
  ]);
}

/** Splits each batch into the chosen hosts and the other hosts, in the same order. */
export function splitBatches<Member extends BatchMember>(
  batches: readonly Batch<Member>[],
  hosts: ReadonlySet<string>,
): { readonly chosen: Batch<Member>[]; readonly others: Batch<Member>[] } {
  const part = (wanted: boolean) =>
    withChecks(
      batches
        .map(({ phase, members }) => ({
          phase,
          members: members.filter(({ allocation }) => hosts.has(allocation.host) === wanted),
        }))
        .filter(({ members }) => members.length > 0),
    );
  return { chosen: part(true), others: part(false) };
}

function withChecks<Member extends BatchMember>(batches: readonly Omit<Batch<Member>, "verify">[]): Batch<Member>[] {
  const lastStart = batches.filter(({ phase }) => phase === "new").at(-1);
  return batches.map((batch) => ({ ...batch, verify: batch.phase === "update" || batch === lastStart }));
}

/** Splits members into batches. Allocations with priority form the first batches. */
function priorityFirst<Member extends BatchMember>(members: readonly Member[], size: number): Member[][] {
  const priority = members.filter(({ decision }) => decision.priority);
  const rest = members.filter(({ decision }) => !decision.priority);
  return [...inBatches(priority, size), ...inBatches(rest, size)];
}
