import { asMaandError } from "../bucket/error-outcome.ts";
import { stopIfInterrupted } from "../bucket/interruption.ts";
import { recordIntents, runAction } from "../deploy/run-action.ts";
import { groupBy } from "../domain/group-by.ts";
import type { Allocation, Job } from "../domain/workspace/job.ts";
import { orderOf } from "../plan/plan-steps.ts";
import type { BatchContext } from "../plugin-api/contexts.ts";
import { isTapped } from "../plugin-api/tapping/tap-by-name.ts";
import { checkHealth } from "../run/check-health.ts";
import type { Run } from "../run/run.ts";
import { scopedJobContext } from "../run/scope/scoped-job-context.ts";
import { bringInSync } from "./bring-in-sync.ts";
import type { StartOptions, StoppedAllocation } from "./stopped-allocation.ts";

/**
 * Starts allocations of a worker again, in the order of waves. Checks the health of each wave before the next one. It
 * starts the version that ran before, with the same files, and syncs missing files. Throws the first failure of a wave,
 * and OUT_OF_SYNC for lost files if the bucket has newer ones.
 */
export async function startOnWorker(run: Run, host: string, options: StartOptions): Promise<void> {
  const { stopped } = options;
  await bringInSync(run, host, options);
  const waves = [...groupBy(stopped, ({ job }) => job.deploymentSeq)].sort(([a], [b]) => a - b);
  for (const [, wave] of waves) {
    stopIfInterrupted(run.bucket.signal);
    await each(
      wave.filter(({ isStopped }) => isStopped),
      (one) => startWithFiles(run, one, options),
    );
    await each(wave, (one) => checkOne(run, one));
  }
}

/** Works on all allocations in parallel, each to its end; throws the first failure. */
async function each(all: readonly StoppedAllocation[], work: (one: StoppedAllocation) => Promise<void>): Promise<void> {
  const ended = await Promise.allSettled(all.map(work));
  const failed = ended.flatMap((result) => (result.status === "rejected" ? [asMaandError(result.reason)] : []));
  const first = failed.find(({ code }) => code !== "INTERRUPTED") ?? failed[0];
  if (first) throw first;
}

/**
 * Starts an allocation. If its files are missing although they were recorded as synced, syncs them and starts it once
 * more.
 */
async function startWithFiles(run: Run, one: StoppedAllocation, options: StartOptions): Promise<void> {
  try {
    await startOne(run, one, options);
  } catch (cause) {
    if (asMaandError(cause).code !== "NOT_DELIVERED") throw cause;
    run.bucket.store.promoted.unstage(one.allocation.id);
    await bringInSync(run, one.allocation.host, { ...options, stopped: [one] });
    await startOne(run, one, options);
  }
}

/** Runs `start` as a step of the journal, and records that the promoted version runs again. */
async function startOne(run: Run, { job, allocation }: StoppedAllocation, { onStarted }: StartOptions): Promise<void> {
  const { store, hooks } = run.bucket;
  const { promoted, unsettled } = run.recorded(allocation.id);
  const continues = unsettled?.kind === "start" ? unsettled.resumable : undefined;
  const version = promoted?.version ?? job.version;
  const digest = promoted?.digest;
  const [step] = recordIntents(run, { ...job, version }, [
    { allocation, kind: "start", continues, ...(digest === undefined ? {} : { digest }) },
  ]);
  if (step) await runAction(run, { ...step, job }, "rollout");
  await hooks.started.promise(batchOf(run, job, allocation));
  store.transaction(() => {
    store.promoted.markRunning(allocation.id);
    store.journal.settle(allocation.id);
    onStarted(allocation.id);
    if (isTapped(hooks.verify, job)) store.pendingHealth.set(allocation.id, "before anything else");
  });
  run.settlements.settle(allocation.id);
}

function batchOf(run: Run, job: Job, allocation: Allocation): BatchContext {
  const { order, source } = orderOf(run, job);
  return Object.freeze({
    ...scopedJobContext(run, job),
    batch: { index: 0, count: 1, phase: "new" as const, allocations: [allocation] },
    rolloutOrder: order,
    rolloutOrderSource: source,
  });
}

/** Waits until the allocation on this worker is healthy. Ignores allocations on other workers. */
async function checkOne(run: Run, { job, allocation }: StoppedAllocation): Promise<void> {
  const { store, signal } = run.bucket;
  const { cause } = await checkHealth(run, scopedJobContext(run, job), [allocation], true);
  stopIfInterrupted(signal);
  store.transaction(() => {
    store.pendingHealth.clear(allocation.id);
    store.promoted.markHealth(allocation.id, cause !== undefined);
  });
  if (cause) throw cause;
}
