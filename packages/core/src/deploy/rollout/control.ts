import { outcomeOf } from "../../bucket/outcome.ts";
import type { PlannedAllocation, PlannedJob } from "../../plan/plan-job.ts";
import type { ControlContext } from "../../plugin-api/contexts.ts";
import { isTapped } from "../../plugin-api/hooks.ts";
import type { Run } from "../../run/run.ts";
import { scopedJobContext } from "../../run/scope/scoped-job-context.ts";
import { markAfter } from "./after-rollout.ts";
import { promoteAll } from "./promote.ts";
import { RolloutRest } from "./remaining-batches.ts";
import type { Batch } from "./rollout-batches.ts";
import { runBatches } from "./run-batches.ts";
import { verifyBatch } from "./verify-batch.ts";

/**
 * Rolls a job's batches out, or lets somebody take that over (`control`): wholly, and what they did is promoted and
 * checked as one; or by telling which go now, and then the rest goes as usual.
 */
export async function runTakenOver(run: Run, plan: PlannedJob, batches: readonly Batch[]): Promise<void> {
  if (!isTapped(run.bucket.hooks.control, plan.job)) return runBatches(run, plan.job, batches);
  const rest = new RolloutRest(run, plan.job, batches);
  const done = await askWhoTakesOver(run, plan, batches, rest);
  rest.stopIfFailed();
  const { members } = rest;
  if (!done) return rest.runAsUsual();
  rest.conclude("ok");
  promoteAll(run, plan.job, members, "first");
  await verifyBatch(run, plan.job, members);
}

async function askWhoTakesOver(
  run: Run,
  { job }: PlannedJob,
  batches: readonly Batch[],
  rest: RolloutRest,
): Promise<boolean> {
  const of = (phase: Batch["phase"]) =>
    batches.filter((batch) => batch.phase === phase).flatMap((batch) => batch.members);
  const hosts = (list: readonly PlannedAllocation[]) => list.map(({ allocation }) => allocation.host);
  const context: ControlContext = Object.freeze({
    ...scopedJobContext(run, job),
    newAllocations: hosts(of("new")),
    updatedAllocations: hosts(of("update")),
    rollOut: (chosen: readonly string[]) => rest.rollOut(chosen),
    checkHealth: () => rest.checkHealth(),
  });
  try {
    markAfter(run, job);
    return (await run.bucket.hooks.control.promise(context)) === "done";
  } catch (cause) {
    leave(run, job.name, rest, cause);
    throw cause;
  }
}

/** Whoever rolled out through us has touched nothing else; whoever did it otherwise may have touched everything. */
function leave(run: Run, job: string, rest: RolloutRest, cause: unknown): void {
  if (rest.used) {
    rest.withdraw();
    return;
  }
  rest.conclude(outcomeOf(cause));
  for (const { allocation, decision } of rest.members) run.ledger.fail(job, allocation.host, decision.action, cause);
}
