import type { ControlContext } from "../contexts.ts";
import { isTapped } from "../hooks.ts";
import { markAfter } from "./after-rollout.ts";
import { jobContext } from "./contexts-of.ts";
import { outcomeOf } from "./outcome.ts";
import type { PlannedAllocation, PlannedJob } from "./plan-job.ts";
import { promoteAll } from "./promote.ts";
import { type Batch, kindOf } from "./rollout-batches.ts";
import type { Run } from "./run.ts";
import { verifyBatch } from "./verify-batch.ts";

/** Lets somebody take the whole rollout over (`control`); what they did is promoted and checked as one. False if nobody does. */
export async function takenOver(run: Run, plan: PlannedJob, batches: readonly Batch[]): Promise<boolean> {
  const { hooks, store } = run.maand;
  if (!isTapped(hooks.control)) return false;
  const members = batches.flatMap((batch) => batch.members);
  const of = (phase: Batch["phase"]) =>
    batches.filter((batch) => batch.phase === phase).flatMap((batch) => batch.members);
  const hosts = (list: readonly PlannedAllocation[]) => list.map(({ allocation }) => allocation.host);
  const context: ControlContext = Object.freeze({
    ...jobContext(run, plan.job),
    newAllocations: hosts(of("new")),
    updatedAllocations: hosts(of("update")),
  });
  const intents = members.map(({ allocation, decision, target }) => ({
    allocation: allocation.id,
    kind: kindOf(decision.action),
    version: plan.job.version,
    digest: target.digest,
  }));
  const rows = store.journal.intend(run.number, intents, run.at());
  const conclude = (outcome: Parameters<typeof store.journal.conclude>[1]) => {
    for (const row of rows) store.journal.conclude(row, outcome, run.at());
  };
  try {
    markAfter(run, plan.job);
    if ((await hooks.control.promise(context)) !== "done") {
      store.journal.withdraw(rows);
      return false;
    }
    conclude("ok");
  } catch (cause) {
    conclude(outcomeOf(cause));
    for (const { allocation, decision } of members)
      run.ledger.fail(plan.job.name, allocation.host, decision.action, cause);
    throw cause;
  }
  promoteAll(run, plan.job, members);
  await verifyBatch(run, plan.job, members);
  return true;
}
