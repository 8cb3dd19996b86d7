import { jobsWithKv, purgeJobKv } from "../bucket/job-kv.ts";
import { asMaandError, outcomeOf, stopIfInterrupted } from "../bucket/outcome.ts";
import { abandonedJobs } from "../domain/kv/kv-purge.ts";
import { type StoppingAllocation, stopping } from "../plan/removals.ts";
import { checkHealth } from "../run/check-health.ts";
import type { Run } from "../run/run.ts";
import { allocationContext } from "../run/scope/contexts.ts";
import { scopedJobContext } from "../run/scope/scoped-job-context.ts";
import { act, intend } from "./rollout/run-action.ts";

/**
 * Stops what was removed or is in maintenance and may run, cleans up what was removed, and asks the survivors how they
 * are (seed deploy, phase order). Wave by wave from the last, the workers of a wave side by side. What fails stays as it
 * is, is named, and is tried again by the next deploy. A command that failed keeps its job from being rolled out; a worker
 * that cannot be reached, or files that stay behind, keep nobody back.
 */
export async function reconcile(run: Run): Promise<void> {
  const all = stopping(run);
  for (const group of byWave(all)) {
    stopIfInterrupted(run.bucket.signal);
    await Promise.all(group.map((entry) => leave(run, entry)));
  }
  run.refresh();
  purgeAbandoned(run);
  await verifyRemaining(run, all);
}

/** Variables and secrets of jobs that are gone go too, once nothing of them is left to be cleaned up (deploy.md 1.5, A3). */
function purgeAbandoned(run: Run): void {
  const { catalog, bucket } = run;
  const left = new Set(stopping(run).map(({ job }) => job.name));
  const jobs = abandonedJobs(catalog, jobsWithKv(bucket.kv)).filter((job) => !left.has(job));
  bucket.store.transaction(() => {
    for (const job of jobs) purgeJobKv(bucket.kv, job);
  });
}

function byWave(all: readonly StoppingAllocation[]): StoppingAllocation[][] {
  const groups = new Map<number, StoppingAllocation[]>();
  for (const entry of all) {
    const group = groups.get(entry.job.deploymentSeq) ?? [];
    groups.set(entry.job.deploymentSeq, group);
    group.push(entry);
  }
  return [...groups.values()];
}

async function leave(run: Run, entry: StoppingAllocation): Promise<void> {
  const { job, allocation } = entry;
  const action = entry.remove ? "remove" : "stop";
  let mayRun = entry.stop;
  try {
    if (entry.stop) await stop(run, entry);
    mayRun = false;
    if (entry.stop || entry.tell) await tell(run, entry);
    if (entry.remove) await remove(run, entry);
    run.ledger.note(job.name, allocation.host, action, "ok", false);
  } catch (cause) {
    const unreachable = outcomeOf(cause) === "unreachable";
    if (mayRun && !unreachable) run.ledger.fail(job.name, allocation.host, action, cause);
    else run.ledger.addPendingCleanup(job.name, allocation.host, action, cause);
    if (unreachable && mayRun)
      run.ledger.warn(`${job.name} on ${allocation.host} may still run (${entry.reason}); every deploy tries again`);
  }
}

/**
 * Stops it, and marks that durably before anything else, so that a stopped allocation is never stopped again. Where
 * something was promoted and nothing is on the worker, it may still run elsewhere: that is a failure.
 */
async function stop(run: Run, { allocation, job }: StoppingAllocation): Promise<void> {
  const { promoted, unsettled } = run.recorded(allocation.id);
  const mayBeAbsent = promoted === undefined || promoted.stopped || unsettled?.kind === "loss";
  const [step] = intend(run, job, [{ allocation, kind: "stop" }]);
  if (step) await act(run, step, "reconcile", { mayBeAbsent });
  run.bucket.store.promoted.markStopped(allocation.id);
}

/** Tells that it was stopped. Its journal row is settled after that: until then the next deploy tells it again. */
async function tell(run: Run, { allocation, job }: StoppingAllocation): Promise<void> {
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
}

async function remove(run: Run, { allocation, job }: StoppingAllocation): Promise<void> {
  const { store } = run.bucket;
  const [step] = intend(run, job, [{ allocation, kind: "remove" }]);
  if (step) await act(run, step, "reconcile");
  store.transaction(() => store.promoted.forget(allocation.id));
}

/** Jobs that lost a running allocation and have others: are those well? */
async function verifyRemaining(run: Run, all: readonly StoppingAllocation[]): Promise<void> {
  const jobs = new Set(
    all
      .filter(({ stop, tell, allocation, job }) => (stop || tell) && !run.ledger.lost(job.name, allocation.host))
      .map(({ job }) => job),
  );
  await Promise.all(
    [...jobs].map(async (job) => {
      const running = (run.allocationsOf.get(job.name) ?? []).filter(({ id, disabled }) => {
        const { promoted } = run.recorded(id);
        return !disabled && promoted !== undefined && !promoted.stopped;
      });
      if (running.length === 0) return;
      const { outcome, cause } = await checkHealth(run, job, running, true);
      if (outcome === "failed") run.ledger.failJob(job.name, asMaandError(cause));
    }),
  );
}
