import { asMaandError, stopIfInterrupted } from "../../bucket/outcome.ts";
import type { Job } from "../../domain/workspace/job.ts";
import { MaandError } from "../../errors.ts";
import type { PlannedAllocation } from "../../plan/plan-job.ts";
import type { BatchContext } from "../../plugin-api/contexts.ts";
import type { Run } from "../../run/run.ts";
import { scopedJobContext } from "../../run/scope/scoped-job-context.ts";
import { markAfter } from "./after-rollout.ts";
import { promoteAll } from "./promote.ts";
import { type Batch, kindOf } from "./rollout-batches.ts";
import { rolloutOrderOf } from "./rollout-order.ts";
import { act, intend } from "./run-action.ts";
import { verifyBatch } from "./verify-batch.ts";

/** Where batches stand in the whole rollout of their job. */
export interface Place {
  readonly index: number;
  readonly count: number;
}

/**
 * Runs a job's batches one after another; the first that fails throws, and the rest is not begun. `from` is where the
 * first of them stands, if they are not all there are.
 */
export async function runBatches(
  run: Run,
  job: Job,
  batches: readonly Batch[],
  from: Place = { index: 0, count: batches.length },
): Promise<void> {
  markAfter(run, job);
  for (const [at, batch] of batches.entries()) {
    stopIfInterrupted(run.bucket.signal);
    await runBatch(run, job, batch, { index: from.index + at, count: from.count });
  }
}

async function runBatch(run: Run, job: Job, batch: Batch, place: Place): Promise<void> {
  const { reporter } = run;
  const hosts = (members: readonly PlannedAllocation[]) => members.map(({ allocation }) => allocation.host);
  reporter.emit("batch.started", { job: job.name, ...place, phase: batch.phase, workers: hosts(batch.members) });
  const { done, failures } = await runLifecycle(run, job, batch.members);
  if (done.length > 0) {
    const context = batchContext(run, job, {
      ...place,
      phase: batch.phase,
      allocations: done.map(({ allocation }) => allocation),
    });
    await beforePromotion(run, context, done);
    promoteAll(run, job, done, batch.verify && failures.length === 0 ? "first" : "with the next batch");
    reporter.emit("batch.promoted", { job: job.name, ...place, workers: hosts(done) });
  }
  const [first] = failures;
  if (first !== undefined) throw batchFailed(job, place, failures, first);
  if (batch.verify) await verifyBatch(run, job, done);
}

/** What goes between a command and its promotion; if that fails, the command was run and is not recorded. */
async function beforePromotion(run: Run, context: BatchContext, done: readonly PlannedAllocation[]): Promise<void> {
  const { hooks } = run.bucket;
  try {
    await hooks.started.promise(context);
    await hooks.promote.promise(context);
  } catch (cause) {
    for (const { allocation, decision } of done)
      run.ledger.fail(allocation.job, allocation.host, decision.action, cause);
    throw cause;
  }
}

/** All members side by side, each to its end even when another fails. */
async function runLifecycle(run: Run, job: Job, members: readonly PlannedAllocation[]) {
  const wanted = members.map(({ allocation, decision, target }) => ({
    allocation,
    kind: kindOf(decision.action),
    digest: target.digest,
  }));
  const steps = intend(run, job, wanted);
  const ended = await Promise.allSettled(steps.map((step) => act(run, step, "rollout")));
  const done: PlannedAllocation[] = [];
  const failures: unknown[] = [];
  for (const [at, member] of members.entries()) {
    const result = ended[at];
    if (result?.status !== "rejected") {
      done.push(member);
      continue;
    }
    failures.push(result.reason);
    run.ledger.fail(job.name, member.allocation.host, member.decision.action, result.reason);
  }
  return { done, failures };
}

function batchContext(run: Run, job: Job, batch: BatchContext["batch"]): BatchContext {
  const { order, source } = rolloutOrderOf(run, job);
  return Object.freeze({ ...scopedJobContext(run, job), batch, rolloutOrder: order, rolloutOrderSource: source });
}

function batchFailed(job: Job, { index, count }: Place, failures: readonly unknown[], first: unknown): MaandError {
  const error = asMaandError(first);
  if (failures.every((failure) => asMaandError(failure).code === "INTERRUPTED")) return error;
  const left = count - index - 1;
  const rest = left === 0 ? "" : `; ${left} ${left === 1 ? "batch was" : "batches were"} not begun`;
  return new MaandError({
    code: error.code,
    message: `batch ${index + 1} of ${count} of ${job.name} failed: ${failures.map((failure) => asMaandError(failure).message).join("; ")}${rest}`,
    hint: error.hint ?? "mend the cause and run maand deploy again; it continues with this batch",
    output: error.output,
    cause: first,
  });
}
