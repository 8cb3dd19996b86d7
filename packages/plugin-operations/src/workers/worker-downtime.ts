import type { Worker } from "@maand/core";
import {
  type CommandRun,
  type DowntimeUnit,
  nextBatch,
  type RefusedMember,
  reportRefused,
  restOfBatches,
  settle,
} from "@maand/core/operator";

/** The next batch of workers and the remaining workers, or the workers that the budget protects, with the reasons. */
export interface NextWorkers {
  readonly batch: readonly Worker[];
  readonly rest: (readonly Worker[])[];
  readonly refused: readonly RefusedMember<Worker>[];
}

/** How the availability budgets of jobs limit a command on their workers. */
export interface WorkerDowntime {
  next(batches: readonly (readonly Worker[])[]): Promise<NextWorkers>;
  /** Records that the health check after a batch passed. */
  settle(batch: readonly Worker[]): void;
}

/**
 * With `--health_check`, all allocations on the workers of a batch count as unavailable until the health check
 * after the batch. Without it, a command is assumed not to disturb jobs, and requests no downtime.
 */
export function workerDowntime(
  source: CommandRun,
  { healthCheck, ignoreBudget = false }: { readonly healthCheck: boolean; readonly ignoreBudget?: boolean },
): WorkerDowntime {
  source.budget.isIgnored = ignoreBudget;
  const unitOf = ({ host }: Worker): DowntimeUnit | undefined => {
    const active = (source.allocationsOn.get(host) ?? []).filter(({ disabled }) => !disabled);
    return active.length === 0 ? undefined : { host, jobs: active.map(({ job }) => job) };
  };
  const request = {
    kind: "worker",
    by: `maand ${source.reporter.command}`,
    recordAs: "restart",
    isFresh: true,
  } as const;
  return {
    async next(batches) {
      if (!healthCheck) return { batch: batches[0] ?? [], rest: batches.slice(1), refused: [] };
      const next = await nextBatch(source, batches, { request, unitOf });
      if ("batch" in next) return { batch: next.batch, rest: restOfBatches(batches, next), refused: [] };
      const units = next.refused.flatMap(({ member, error }) => {
        const unit = unitOf(member);
        return unit ? [{ unit, error }] : [];
      });
      reportRefused(source, units);
      return { batch: [], rest: [], refused: next.refused };
    },
    settle(batch) {
      if (healthCheck)
        settle(
          source,
          batch.flatMap((worker) => unitOf(worker) ?? []),
        );
    },
  };
}
