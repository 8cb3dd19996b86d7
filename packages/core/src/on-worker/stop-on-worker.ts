import { asMaandError, outcomeOf } from "../bucket/error-outcome.ts";
import { stopIfInterrupted } from "../bucket/interruption.ts";
import { refusalOf, stopChanges } from "../deploy/permission.ts";
import { stopOne } from "../deploy/stop-and-remove.ts";
import { stopError } from "../deploy/stop-failed.ts";
import { purposeOf } from "../domain/budget/stop-purpose.ts";
import { groupBy } from "../domain/group-by.ts";
import { isParked } from "../domain/release/hold.ts";
import type { Allocation, Job } from "../domain/workspace/job.ts";
import { MaandError } from "../errors.ts";
import { type StoppingAllocation, stopOf } from "../plan/stopping.ts";
import { checkHealth } from "../run/check-health.ts";
import type { Run } from "../run/run.ts";
import { scopedJobContext } from "../run/scope/scoped-job-context.ts";
import { stoppedByHand } from "./stopped-by-hand.ts";

/** A running allocation of a worker, and the steps to stop it. */
export interface RunningAllocation extends StoppingAllocation {
  /**
   * Whether it is in service. An allocation that is disabled, removed or held, and not stopped yet, is not in service.
   */
  readonly isInService: boolean;
}

/**
 * The allocations that might run on a worker, according to the records of the run, except those that the operator
 * stopped with `maand job stop`. `reason` is the reason for the stops, as printed.
 */
export function runningOn(run: Run, host: string, reason: string): RunningAllocation[] {
  const byHand = stoppedByHand(run);
  return run.catalog.allocations.flatMap((allocation): RunningAllocation[] => {
    const job = run.jobs.get(allocation.job);
    if (allocation.host !== host || !job || byHand.has(allocation.id)) return [];
    const recorded = run.recorded(allocation.id);
    const state = stopOf(recorded);
    if (!state.stop && !state.notify) return [];
    const isWanted = !allocation.removed && !allocation.disabled && !isParked(job);
    const isInService = isWanted && recorded.promoted?.stopped === false;
    return [{ allocation, job, ...state, remove: false, reason, isInService }];
  });
}

/**
 * The jobs whose availability budgets must permit taking a worker down. Allocations that were stopped by hand are
 * already down. Disabled allocations that are not stopped yet count if the budget would also limit the deploy that
 * stops them.
 */
export function budgetedJobsOn(run: Run, host: string): string[] {
  const byHand = stoppedByHand(run);
  const down = (run.allocationsOn.get(host) ?? []).filter((one) => !byHand.has(one.id) && isBudgeted(run, one));
  return down.map(({ job }) => job);
}

function isBudgeted(run: Run, allocation: Allocation): boolean {
  if (!allocation.disabled) return true;
  const job = run.jobs.get(allocation.job);
  if (!job || allocation.removed || isParked(job) || !stopOf(run.recorded(allocation.id)).stop) return false;
  return purposeOf(job, allocation, run.allocationsOf.get(job.name) ?? []) === "drain";
}

/**
 * Stops allocations of a worker with their hooks, the last wave first, and records each stop. The availability budget
 * must have granted this downtime to the caller. Throws the first failure after all stops of its wave have ended.
 * Allocations of the remaining waves then keep running.
 */
export async function stopOnWorker(run: Run, running: readonly RunningAllocation[]): Promise<void> {
  const waves = [...groupBy(running, ({ job }) => job.deploymentSeq)].sort(([a], [b]) => b - a);
  for (const [deploymentSeq, wave] of waves) await stopWave(run, deploymentSeq, wave);
  run.refresh();
}

async function stopWave(run: Run, deploymentSeq: number, wave: readonly RunningAllocation[]): Promise<void> {
  stopIfInterrupted(run.bucket.signal);
  const toStop = wave.filter(({ stop }) => stop);
  const refusal = toStop.length > 0 ? await refusalOf(run, stopChanges(run, deploymentSeq, toStop)) : undefined;
  if (refusal) throw refusal;
  const ended = await Promise.allSettled(wave.map((entry) => stopEntry(run, entry)));
  const failed = ended.flatMap((result) => (result.status === "rejected" ? [asMaandError(result.reason)] : []));
  const first = failed.find(({ code }) => code !== "INTERRUPTED") ?? failed[0];
  if (first) throw first;
  const [hook] = run.ledger.summary().failures;
  if (hook) throw new MaandError({ ...hook, message: `${hook.job} was stopped, but then: ${hook.message}` });
  stopIfInterrupted(run.bucket.signal);
}

async function stopEntry(run: Run, entry: StoppingAllocation): Promise<void> {
  try {
    await stopOne(run, entry);
  } catch (cause) {
    const outcome = outcomeOf(cause);
    throw outcome === "interrupted" || outcome === "unreachable" ? cause : stopError(cause, entry);
  }
}

/** Checks the health of all running allocations of these jobs that are not disabled. Throws the first failure. */
export async function checkRemaining(run: Run, jobs: Iterable<Job>): Promise<void> {
  const ended = await Promise.all(
    [...new Set(jobs)].map(async (job) => {
      const active = (run.allocationsOf.get(job.name) ?? []).filter(
        ({ id, disabled }) => !disabled && run.recorded(id).promoted?.stopped === false,
      );
      return active.length === 0 ? undefined : (await checkHealth(run, scopedJobContext(run, job), active, true)).cause;
    }),
  );
  stopIfInterrupted(run.bucket.signal);
  const cause = ended.find((one) => one !== undefined);
  if (cause) throw cause;
}
