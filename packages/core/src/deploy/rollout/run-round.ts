import { asMaandError } from "../../bucket/error-outcome.ts";
import { MaandError } from "../../errors.ts";
import type { PlannedAllocation } from "../../plan/plan-job.ts";
import type { BatchContext } from "../../plugin-api/contexts.ts";
import type { HealthFinding } from "../../run/check-health.ts";
import type { WhenDue } from "../../store/pending-rows.ts";
import { type IntendedAction, recordIntents, runAction, type Step } from "../run-action.ts";
import { type HealthGate, passGate } from "./health-gate.ts";
import type { JobRollout } from "./job-rollout.ts";
import { settleMembers } from "./member-downtime.ts";
import { markAfterDue, promote } from "./promote.ts";
import { isOfRelease } from "./release-verdict.ts";

/** The position of a batch in the rollout of its job. */
export type BatchPlace = Pick<BatchContext["batch"], "phase" | "index" | "count">;

/** What a rollout does to some allocations in one round; absent steps are skipped. */
export interface Round {
  readonly members: readonly PlannedAllocation[];
  /**
   * The allocations form a batch: their lifecycle commands run in parallel, and then the hooks that come before a
   * promotion.
   */
  readonly batch?: BatchPlace;
  /** Records that they run the planned version. */
  readonly promote?: boolean;
  /** Checks the job's health after the promotion. */
  readonly gate?: HealthGate;
}

/**
 * Carries out one round of a job's rollout: commands, promotion, health check. No other code does this. Allocations
 * whose command succeeded are promoted even if the command failed on others. In that case, the round throws without a
 * health check. Returns the result of the health check.
 */
export async function runRound(rollout: JobRollout, round: Round): Promise<HealthFinding | undefined> {
  const { members, batch, gate } = round;
  if (batch || round.promote) rollout.rounds.push(members);
  const { done, failures, rows } = batch ? await runCommands(rollout, members, batch) : noCommands(members);
  if (round.promote && done.length > 0) {
    if (batch) await runHooks(rollout, batch, done, rows);
    promote(rollout, done, checkDue(round, failures));
    if (batch) report(rollout, "batch.promoted", batch, done);
  }
  if (batch && failures.length > 0) throw batchFailed(rollout, batch, failures);
  const finding = gate && (await passGate(rollout, done, gate));
  if (batch || round.promote) settleMembers(rollout, members);
  return finding;
}

/** The journal rows of commands, by allocation. */
type Rows = ReadonlyMap<string, number>;

function noCommands(members: readonly PlannedAllocation[]) {
  const failures: unknown[] = [];
  return { done: members, failures, rows: new Map<string, number>() satisfies Rows };
}

/**
 * When the next run must run the health check if this run is killed before it; undefined after a change to files alone.
 */
function checkDue({ batch, gate }: Round, failures: readonly unknown[]): WhenDue | undefined {
  if (gate && failures.length === 0) return "before anything else";
  return batch ? "with the next batch" : undefined;
}

/** Runs all members in parallel, each to its end even if another fails. */
async function runCommands(rollout: JobRollout, members: readonly PlannedAllocation[], batch: BatchPlace) {
  const { run, job } = rollout;
  report(rollout, "batch.started", batch, members);
  const steps = recordRollout(rollout, members);
  const ended = await Promise.allSettled(steps.map((step) => runAction(run, step, "rollout")));
  const failures: unknown[] = [];
  const done = members.filter(({ allocation, decision }, at) => {
    const result = ended[at];
    if (result?.status !== "rejected") return true;
    failures.push(result.reason);
    run.ledger.fail(job.name, allocation.host, decision.action, result.reason);
    return false;
  });
  const rows = new Map(steps.map(({ allocation, row }) => [allocation.id, row]));
  return { done, failures, rows };
}

/**
 * Records that lifecycle commands are about to run, and that the job's `afterJob` hooks are due. If the run is killed
 * after this, the next run continues the rollout.
 */
export function recordRollout(rollout: JobRollout, members: readonly PlannedAllocation[]): Step[] {
  const { run, job } = rollout;
  const actions = members.map(({ allocation, decision, target, occasion }): IntendedAction => {
    const { action, continues } = decision;
    const kind = action === "start" || action === "reload" ? action : "restart";
    return { allocation, kind, digest: target.digest, updateSeq: occasion.updateSeq, continues };
  });
  const { store } = run.bucket;
  return store.transaction(() => {
    markAfterDue(rollout);
    if (job.release !== undefined)
      store.releases.noteRollout(run.number, {
        job: job.name,
        release: job.release,
        previous: previousRelease(rollout),
      });
    return recordIntents(run, job, actions);
  });
}

/** The newest release, other than the planned one, that runs on the job's allocations. */
export function previousRelease({ run, job, plan }: JobRollout): number | undefined {
  const running = plan.allocations.flatMap(({ allocation }) => run.recorded(allocation.id).promoted?.release ?? []);
  const others = running.filter((release) => release !== job.release);
  return others.length === 0 ? undefined : Math.max(...others);
}

/**
 * If a hook between the commands and their promotion fails, the commands have run but are not promoted; the next run
 * runs them again. If it is interrupted, the next run continues with the hooks.
 */
async function runHooks(
  rollout: JobRollout,
  batch: BatchPlace,
  done: readonly PlannedAllocation[],
  rows: Rows,
): Promise<void> {
  const { run, job, context, order } = rollout;
  const { hooks } = run.bucket;
  const given: BatchContext = Object.freeze({
    ...context,
    batch: { ...batch, allocations: done.map(({ allocation }) => allocation) },
    rolloutOrder: order.order,
    rolloutOrderSource: order.source,
  });
  try {
    await hooks.started.promise(given);
    await hooks.promote.promise(given);
  } catch (cause) {
    for (const { allocation, decision } of done) run.ledger.fail(job.name, allocation.host, decision.action, cause);
    if (asMaandError(cause).code !== "INTERRUPTED")
      run.bucket.store.journal.forgetReceipts(done.flatMap(({ allocation }) => rows.get(allocation.id) ?? []));
    throw cause;
  }
}

function report(
  { run, job }: JobRollout,
  type: "batch.started" | "batch.promoted",
  { phase, index, count }: BatchPlace,
  members: readonly PlannedAllocation[],
): void {
  const workers = members.map(({ allocation }) => allocation.host);
  if (type === "batch.started") run.reporter.emit(type, { job: job.name, index, count, phase, workers });
  else run.reporter.emit(type, { job: job.name, index, count, workers });
}

function batchFailed({ job }: JobRollout, { index, count }: BatchPlace, failures: readonly unknown[]): MaandError {
  const errors = failures.map(asMaandError);
  const error = errors.find(isOfRelease) ?? errors[0] ?? asMaandError(undefined);
  if (errors.every(({ code }) => code === "INTERRUPTED")) return error;
  const left = count - index - 1;
  const rest = left === 0 ? "" : `; ${left} ${left === 1 ? "batch was" : "batches were"} skipped`;
  return new MaandError({
    code: error.code,
    message: `batch ${index + 1} of ${count} of ${job.name} failed: ${errors.map(({ message }) => message).join("; ")}${rest}`,
    hint: error.hint ?? "fix the cause, then run maand deploy --build to resume with this batch",
    output: error.output,
    cause: error,
  });
}
