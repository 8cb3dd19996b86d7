import { batchSize, inBatches } from "../../domain/deploy/batches.ts";
import type { PlannedAllocation, PlannedJob } from "../../plan/plan-job.ts";
import type { Run } from "../../run/run.ts";
import { rolloutOrderOf } from "./rollout-order.ts";

/** Allocations of a job that go together. */
export interface Batch {
  readonly phase: "new" | "update";
  readonly members: readonly PlannedAllocation[];
  /** Whether health is asked after it: after the last batch of starts, and after each of upgrades (decision 2). */
  readonly verify: boolean;
}

/** The batches of a job in the order they go: starts, then reloads, then restarts. Lost workers are in none. */
export function batchesOf(run: Run, plan: PlannedJob): Batch[] {
  const active = plan.allocations.filter(({ allocation }) => !allocation.disabled);
  const place = new Map(rolloutOrderOf(run, plan.job).order.map((host, at) => [host, at]));
  const inOrder = [...active].sort((a, b) => (place.get(a.allocation.host) ?? 0) - (place.get(b.allocation.host) ?? 0));
  const wanted = (action: string) =>
    inOrder.filter(
      ({ allocation, decision }) => decision.action === action && !run.ledger.lost(plan.job.name, allocation.host),
    );
  const startSize = batchSize(plan.job.maxConcurrentStarts, active.length, 0);
  const upgradeSize = batchSize(plan.job.maxConcurrentUpgrades, active.length, 1);
  const starts = cut(wanted("start"), startSize);
  const upgrades = [...cut(wanted("reload"), upgradeSize), ...cut(wanted("restart"), upgradeSize)];
  return verified([
    ...starts.map((members): Batch => ({ phase: "new", members, verify: false })),
    ...upgrades.map((members): Batch => ({ phase: "update", members, verify: true })),
  ]);
}

/** The batches of chosen hosts and those of the others, in the same order; no batch gets larger. */
export function splitBatches(
  batches: readonly Batch[],
  hosts: ReadonlySet<string>,
): { readonly chosen: Batch[]; readonly others: Batch[] } {
  const part = (wanted: boolean) =>
    verified(
      batches
        .map((batch) => ({
          ...batch,
          members: batch.members.filter(({ allocation }) => hosts.has(allocation.host) === wanted),
        }))
        .filter((batch) => batch.members.length > 0),
    );
  return { chosen: part(true), others: part(false) };
}

/** Batches with the last one of starts, and all upgrades, followed by a look at the job's health. */
function verified(batches: readonly Batch[]): Batch[] {
  const last = batches.filter(({ phase }) => phase === "new").at(-1);
  return batches.map((batch) => ({ ...batch, verify: batch.phase === "update" || batch === last }));
}

/** Those in doubt or unhealthy make up the first batches, before any that is well (decisions 5 and 8). */
function cut(members: readonly PlannedAllocation[], size: number): PlannedAllocation[][] {
  const first = members.filter(({ decision }) => decision.first);
  const rest = members.filter(({ decision }) => !decision.first);
  return [...inBatches(first, size), ...inBatches(rest, size)];
}

/** The lifecycle command a planned action stands for. */
export function kindOf(action: string): "start" | "reload" | "restart" {
  return action === "start" || action === "reload" ? action : "restart";
}
