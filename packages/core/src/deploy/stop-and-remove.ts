import { existsSync } from "node:fs";
import { join } from "node:path";
import { asMaandError, outcomeOf } from "../bucket/error-outcome.ts";
import { stopIfInterrupted } from "../bucket/interruption.ts";
import { jobsWithKv, purgeJobKv } from "../bucket/job-kv.ts";
import { groupBy } from "../domain/group-by.ts";
import { abandonedJobs } from "../domain/kv/kv-purge.ts";
import type { PlannedJob } from "../plan/plan-job.ts";
import { type StoppingAllocation, stopping } from "../plan/stopping.ts";
import type { WorkerLimit } from "../plan/worker-limit.ts";
import type { ActionKind } from "../plugin-api/contexts.ts";
import { checkHealth } from "../run/check-health.ts";
import type { Run } from "../run/run.ts";
import { allocationContext } from "../run/scope/contexts.ts";
import { scopedJobContext } from "../run/scope/scoped-job-context.ts";
import { refusalOf, stopChanges } from "./permission.ts";
import { recordIntents, runAction, type Tolerance } from "./run-action.ts";
import { isStopFailed, stopError } from "./stop-failed.ts";
import { stopWithinBudget } from "./stop-within-budget.ts";

/**
 * Stops removed and disabled allocations that might run, deletes the files of removed ones, and checks the health of
 * the remaining allocations of those jobs. Waves are processed from the last to the first, each after a `permit` hook.
 * The workers of a wave are processed in parallel. A failure is reported, and the next deploy retries. If a removed
 * allocation cannot be stopped, its job is not started anywhere, because the job might be moving to another worker. A
 * failed drain, an unreachable worker or leftover files do not prevent a start. `only` limits the jobs, and `limit`
 * limits the workers.
 */
export async function stopAndRemove(
  run: Run,
  { only = [], limit }: { readonly only?: readonly string[]; readonly limit?: WorkerLimit | undefined } = {},
): Promise<void> {
  const chosen = stopping(run).filter(({ job }) => only.length === 0 || only.includes(job.name));
  const isReached = ({ allocation }: StoppingAllocation) => limit?.has(allocation.host) !== false;
  const all = chosen.filter(isReached);
  for (const { job, allocation } of chosen.filter((entry) => !isReached(entry)))
    run.ledger.warn(`${job.name} on ${allocation.host} is not stopped, because this deploy does not touch the worker`);
  for (const [deploymentSeq, group] of groupBy(all, ({ job }) => job.deploymentSeq)) {
    stopIfInterrupted(run.bucket.signal);
    await stopWithinBudget(run, await permittedOf(run, deploymentSeq, group), stopAndRemoveOne);
  }
  run.refresh();
  purgeAbandoned(run);
  await checkRemaining(run, all);
}

/**
 * Returns the entries to process: all of them, unless a `permit` hook refuses. In that case, it returns only the
 * entries that an earlier run stopped and whose hooks have not run yet. The jobs of the other entries fail, and these
 * allocations are not changed.
 */
async function permittedOf(
  run: Run,
  deploymentSeq: number,
  group: readonly StoppingAllocation[],
): Promise<readonly StoppingAllocation[]> {
  const needsPermit = ({ stop, remove }: StoppingAllocation) => stop || remove;
  const toPermit = group.filter(needsPermit);
  if (toPermit.length === 0) return group;
  const refusal = await refusalOf(run, stopChanges(run, deploymentSeq, toPermit));
  if (!refusal) return group;
  const outcome = refusal.code === "INTERRUPTED" ? "interrupted" : "blocked";
  for (const job of new Set(toPermit.map((entry) => entry.job.name))) run.ledger.failJob(job, refusal);
  for (const { job, allocation, remove } of toPermit)
    run.ledger.note(job.name, allocation.host, remove ? "remove" : "stop", outcome, false);
  return group.filter((entry) => !needsPermit(entry));
}

/**
 * Stops allocations of one job in parallel, and runs their `stopped` hooks. Used to revert first starts. These
 * allocations were never in service, so they do not count against any budget.
 */
export async function stopEntries(run: Run, entries: readonly StoppingAllocation[]): Promise<void> {
  await Promise.all(entries.map((entry) => stopAndRemoveOne(run, entry)));
}

/**
 * Stops an allocation if it might run, records the stop, and runs its `stopped` hooks. Throws if it cannot be stopped.
 */
export async function stopOne(run: Run, entry: StoppingAllocation): Promise<void> {
  if (entry.stop) await stop(run, entry);
  if (entry.stop || entry.notify) await notifyStopped(run, entry);
}

async function stopAndRemoveOne(run: Run, entry: StoppingAllocation): Promise<void> {
  const { job, allocation } = entry;
  const action = entry.remove ? "remove" : "stop";
  let mayRun = entry.stop;
  try {
    if (entry.stop) await stop(run, entry);
    mayRun = false;
    if (entry.stop || entry.notify) await notifyStopped(run, entry);
    if (entry.remove) await remove(run, entry);
    run.ledger.note(job.name, allocation.host, action, "ok", false);
  } catch (cause) {
    const outcome = outcomeOf(cause);
    const unreachable = outcome === "unreachable";
    const shown = mayRun && outcome !== "interrupted" ? stopError(cause, entry) : cause;
    // The job of a removed allocation might be moving to another worker, and must not run twice. A drain does not block
    // any job.
    if (mayRun && !unreachable && entry.remove) run.ledger.failStop(job.name, allocation.host, action, shown);
    else run.ledger.addPendingCleanup(job.name, allocation.host, action, shown);
    if (unreachable && mayRun)
      run.ledger.warn(
        `${job.name} on ${allocation.host} may still be running (${entry.reason}); every deploy retries the stop`,
      );
  }
}

/**
 * Retries the failed stops of a job's disabled allocations after new files were synced to them, because these files
 * might contain a fixed Makefile.
 */
export async function retryStops(run: Run, { job, allocations }: PlannedJob): Promise<void> {
  const again = allocations.filter((planned) => isStopFailed(run, planned));
  if (again.length === 0) return;
  const ids = new Set(again.map(({ allocation }) => allocation.id));
  const entries = stopping(run).filter(({ allocation }) => ids.has(allocation.id));
  await stopWithinBudget(run, entries, stopAndRemoveOne);
  await checkRemaining(
    run,
    entries.filter(({ allocation }) => !run.ledger.lost(job.name, allocation.host)),
  );
}

/**
 * Stops the allocation and then immediately records the stop durably, so that a stopped allocation is never stopped
 * again. If a version was promoted and the worker has no files, the process might still run. This counts as a failure,
 * unless the loss of the files is already recorded.
 */
async function stop(run: Run, entry: StoppingAllocation): Promise<void> {
  const { promoted, unsettled } = run.recorded(entry.allocation.id);
  const mayBeAbsent = promoted === undefined || promoted.stopped || unsettled?.kind === "loss";
  await runOne(run, entry, "stop", { mayBeAbsent });
  run.bucket.store.promoted.markStopped(entry.allocation.id);
}

/**
 * Runs the `stopped` hooks, and then settles the journal row. If the hooks are interrupted, the next deploy runs them
 * again. If they fail, the job fails, and they are not run again.
 */
async function notifyStopped(run: Run, { allocation, job }: StoppingAllocation): Promise<void> {
  const { store, hooks } = run.bucket;
  try {
    await hooks.stopped.promise(
      Object.freeze({ ...allocationContext(run, job, allocation), ...scopedJobContext(run, job) }),
    );
  } catch (cause) {
    run.ledger.failJob(job.name, cause);
    if (asMaandError(cause).code === "INTERRUPTED") return;
  }
  store.journal.settle(allocation.id);
  run.settlements.settle(allocation.id);
}

async function remove(run: Run, entry: StoppingAllocation): Promise<void> {
  const { store } = run.bucket;
  await runOne(run, entry, "remove");
  store.transaction(() => store.promoted.forget(entry.allocation.id));
}

async function runOne(
  run: Run,
  { allocation, job }: StoppingAllocation,
  kind: ActionKind,
  tolerance?: Tolerance,
): Promise<void> {
  const { unsettled } = run.recorded(allocation.id);
  const continues = unsettled?.kind === kind ? unsettled.resumable : undefined;
  for (const step of recordIntents(run, job, [{ allocation, kind, continues }]))
    await runAction(run, step, "reconcile", tolerance);
}

/**
 * Deletes the variables and secrets of removed jobs that have no pending cleanup. Keeps those of a job that is in the
 * workspace but not built yet, because the job might already have secrets.
 */
function purgeAbandoned(run: Run): void {
  const { catalog, bucket } = run;
  const left = new Set([
    ...stopping(run).map(({ job }) => job.name),
    ...catalog.allocations.filter(({ inMaintenance }) => inMaintenance).map(({ job }) => job),
  ]);
  const built = new Set(catalog.jobs.map(({ name }) => name));
  const isNew = (job: string) => !built.has(job) && existsSync(join(bucket.paths.workspace, "jobs", job));
  const jobs = abandonedJobs(catalog, jobsWithKv(bucket.kv)).filter((job) => !left.has(job) && !isNew(job));
  bucket.store.transaction(() => {
    for (const job of jobs) purgeJobKv(bucket.kv, job);
  });
}

/** Checks the health of the jobs that had an allocation stopped and still run on other workers. */
async function checkRemaining(run: Run, all: readonly StoppingAllocation[]): Promise<void> {
  const jobs = new Set(
    all
      .filter(({ stop, notify, allocation, job }) => (stop || notify) && !run.ledger.lost(job.name, allocation.host))
      .map(({ job }) => job),
  );
  await Promise.all(
    [...jobs].map(async (job) => {
      const running = (run.allocationsOf.get(job.name) ?? []).filter(({ id, disabled }) => {
        const { promoted } = run.recorded(id);
        return !disabled && promoted !== undefined && !promoted.stopped;
      });
      if (running.length === 0) return;
      const { verdict, cause } = await checkHealth(run, scopedJobContext(run, job), running, true);
      if (verdict === "failed") run.ledger.failJob(job.name, cause);
    }),
  );
}
