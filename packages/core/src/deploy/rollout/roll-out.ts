import { stopIfInterrupted } from "../../bucket/interruption.ts";
import { runToEnd } from "../../bucket/run-to-end.ts";
import { type PlannedJob, pendingAmong } from "../../plan/plan-job.ts";
import { beginChange, refuseExcluded } from "../../run/budget/arbiter.ts";
import type { Run } from "../../run/run.ts";
import { noteRest, noteUnchanged } from "../note-allocations.ts";
import { lastGate } from "./batch-queue.ts";
import { runSteps, type StepActions } from "./in-steps.ts";
import { type JobRollout, jobRollout } from "./job-rollout.ts";
import { runBatches } from "./orchestrate.ts";
import { confirmRelease, markBad } from "./release-verdict.ts";
import { runRound } from "./run-round.ts";

/** A finished rollout; `failure` is the error that ended it early. */
export interface EndedRollout {
  readonly rollout: JobRollout;
  readonly failure?: { readonly cause: unknown };
}

/** How a rollout differs from the rollout of a deploy. */
export interface RolloutOptions {
  /** Hosts to roll out first, in this order. The other hosts follow in the rollout order. */
  readonly hostsFirst?: readonly string[];
  /** Whether the rollout covers the whole job. Otherwise, the job's `afterJob` hooks stay due. */
  readonly isWhole: boolean;
  /** Syncs the files of a step, if the job has steps. */
  readonly stage?: StepActions["stage"];
}

/**
 * Rolls out one job. Its files were synced before, except in a staged rollout, which syncs the files of each step when
 * the step begins. A failure ends the rollout, is recorded in the ledger and is returned. Batches of starts run first,
 * then reloads, then restarts. Each batch is followed by the `started` hooks and its promotion. The `verify` hooks run after the last
 * batch of starts and after every other batch, and the `afterJob` hooks run at the end.
 */
export async function rollOut(
  run: Run,
  plan: PlannedJob,
  options: RolloutOptions = { isWhole: true },
): Promise<EndedRollout> {
  const rollout = jobRollout(run, plan, options.hostsFirst);
  reportStarted(rollout);
  const end = beginChange(run, { job: plan.job.name, what: "a rollout" });
  const ended = await runToEnd(run.bucket.now, async () => {
    noteUnchanged(run, [plan]);
    if (rollout.batches.length > 0) refuseExcluded(run, plan.job.name);
    await checkPending(rollout);
    const { steps } = plan;
    if (!steps) await runPart(rollout);
    else if (!(await runSteps(rollout, steps, { stage: async () => undefined, ...options, runPart }))) return;
    if (plan.left?.length) return;
    confirmRelease(rollout);
    if (steps) run.bucket.store.rollouts.close(plan.job.name);
    if (options.isWhole) await runAfter(rollout);
  });
  end();
  if (!ended.ok) {
    markBad(rollout, ended.cause);
    run.ledger.failJob(plan.job.name, ended.cause);
    noteRest(run, plan, ended.cause);
  }
  reportFinished(rollout, ended.end.duration_ms);
  return ended.ok ? { rollout } : { rollout, failure: { cause: ended.cause } };
}

/** Rolls out all allocations of a plan, or the allocations of one step. */
async function runPart(part: JobRollout): Promise<void> {
  await promoteWithoutCommands(part);
  await runBatches(part);
}

/** Runs the health check that an earlier run did not reach after it promoted the job. */
async function checkPending(rollout: JobRollout): Promise<void> {
  const { run, plan, batches } = rollout;
  if (!plan.healthPending && batches.length > 0) return;
  const members = pendingAmong(plan.allocations, run.bucket.store.pendingHealth.all());
  if (members.length > 0)
    await runRound(rollout, { members, gate: { of: plan.steps ? "released" : "running", wait: true, isLate: true } });
}

/**
 * Promotes disabled allocations, and allocations for which only files change. Unhealthy allocations without a command to run
 * (restart policy `never`) are checked again.
 */
async function promoteWithoutCommands(rollout: JobRollout): Promise<void> {
  const { run, job, plan } = rollout;
  const members = plan.allocations.filter(
    ({ allocation, decision: { action } }) =>
      (allocation.disabled ? action !== "skip" : action === "sync") && !run.ledger.lost(job.name, allocation.host),
  );
  await runRound(rollout, { members, promote: true });
  const unhealthy = plan.allocations.filter(
    ({ allocation, decision }) => decision.action === "sync" && run.recorded(allocation.id).promoted?.healthFailed,
  );
  if (unhealthy.length > 0) await runRound(rollout, { members: unhealthy, gate: lastGate(rollout) });
}

/** Runs the `afterJob` hooks of a job's rollout. They stay due unless they succeed. */
async function runAfter({ run, job, context }: JobRollout): Promise<void> {
  const { hooks, store, signal } = run.bucket;
  if (run.ledger.failed(job.name)) return;
  stopIfInterrupted(signal);
  await hooks.afterJob.promise(context);
  store.pendingAfter.clear(job.name);
}

function reportStarted({ run, job, plan, batches, order }: JobRollout): void {
  run.reporter.emit("job.started", {
    job: job.name,
    allocations: plan.allocations.filter(({ decision }) => decision.action !== "skip").length,
    batches: batches.length,
    stops_when: "a command or health check of one batch fails",
  });
  if (order.problem === undefined || batches.length === 0) return;
  run.reporter.emit("warning", {
    code: "invalid_rollout_order",
    message: `the rollout_order of ${job.name} is ignored: ${order.problem}; the order of the workers is used instead`,
    job: job.name,
    worker: null,
  });
}

function reportFinished({ run, job }: JobRollout, duration_ms: number): void {
  run.reporter.emit("job.finished", {
    job: job.name,
    outcome: run.ledger.failed(job.name) ? "failed" : run.ledger.isPaused(job.name) ? "paused" : "ok",
    message: run.ledger.failureOf(job.name)?.message ?? null,
    duration_ms,
  });
}
