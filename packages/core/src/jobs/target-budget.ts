import { batchSize } from "../domain/budget/batch-size.ts";
import { upgradeBatch } from "../domain/budget/budget.ts";
import type { Allocation, Job } from "../domain/workspace/job.ts";
import { type DowntimeRequest, reportRefused, settle } from "../run/budget/arbiter.ts";
import { nextBatch, type RefusedMember, restOfBatches } from "../run/budget/next-batch.ts";
import type { CommandRun } from "../run/command-run.ts";

/** The next batch and the batches after it, or the allocations that may not go down and the reasons. */
export interface NextTargets {
  readonly batch: readonly Allocation[];
  readonly rest: (readonly Allocation[])[];
  readonly refused: readonly RefusedMember<Allocation>[];
}

/** How the availability budget limits a target that is run by hand. */
export interface TargetBudget {
  readonly batchSize: number;
  /**
   * Whether each batch must be healthy before the next batch starts: true for a restart or reload of a job with a
   * written budget.
   */
  readonly mustBeHealthy: boolean;
  next(batches: readonly (readonly Allocation[])[]): Promise<NextTargets>;
  /** Records that the target succeeded on these allocations. */
  ended(batch: readonly Allocation[]): void;
  /** Records that a batch passed its health check, or that no check was needed. */
  healthy(batch: readonly Allocation[]): void;
}

/**
 * The budget of a target. Only `stop`, `restart` and `reload` take an allocation down; the effect of other targets is
 * unknown.
 */
export function targetBudget(
  source: CommandRun,
  job: Job,
  allocations: readonly Allocation[],
  target: string,
): TargetBudget {
  const isRestart = target === "restart" || target === "reload";
  const isWritten = job.maxUnavailable !== undefined;
  const request = requestOf(source, job, allocations, target);
  const unitOf = ({ host }: Allocation) => ({ host, jobs: [job.name] });
  let isFirst = true;
  return {
    batchSize: sizeOf(source, job, allocations, target),
    mustBeHealthy: isRestart && isWritten,
    async next(batches) {
      if (!request) return { batch: batches[0] ?? [], rest: batches.slice(1), refused: [] };
      const next = await nextBatch(source, batches, { request: { ...request, isFresh: isFirst }, unitOf });
      isFirst = false;
      if ("batch" in next) return { batch: next.batch, rest: restOfBatches(batches, next), refused: [] };
      reportRefused(
        source,
        next.refused.map(({ member, error }) => ({ unit: unitOf(member), error })),
      );
      return { batch: [], rest: [], refused: next.refused };
    },
    ended(batch) {
      if (isRestart && !isWritten) settle(source, batch.map(unitOf));
      if (target === "start") source.bucket.store.downtimes.seenBack(batch.map(({ id }) => id));
    },
    healthy(batch) {
      if (isRestart && request) settle(source, batch.map(unitOf));
    },
  };
}

/**
 * The budget request of a target; undefined if the target takes nothing down. A stop of all active allocations is an
 * explicit request by the operator to take the whole job down. A restart without a written budget is limited only by
 * its batches.
 */
function requestOf(
  { allocationsOf, reporter }: CommandRun,
  job: Job,
  allocations: readonly Allocation[],
  target: string,
): Omit<DowntimeRequest, "units"> | undefined {
  const by = `maand ${reporter.command}`;
  if (target === "stop") {
    const active = (allocationsOf.get(job.name) ?? []).filter(({ disabled }) => !disabled);
    return { kind: "stop", by, recordAs: "stop", isExplicit: allocations.length === active.length };
  }
  if (target !== "restart" && target !== "reload") return undefined;
  return { kind: "restart", by, recordAs: "restart" };
}

/**
 * The batch size. A `status` runs everywhere in one batch: it changes nothing, and a failure must not hide the state of
 * other workers.
 */
function sizeOf({ allocationsOf }: CommandRun, job: Job, { length }: readonly Allocation[], target: string): number {
  if (target === "status") return length;
  if (target !== "restart" && target !== "reload") return batchSize(job.maxConcurrentUpgrades, length, 1);
  return upgradeBatch(job, { active: length, total: allocationsOf.get(job.name)?.length ?? length });
}
