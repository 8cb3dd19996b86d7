import type { PlannedJob } from "../../plan/plan-job.ts";
import type { Run } from "../../run/run.ts";
import { markAfter, runAfter } from "./after-rollout.ts";
import { runTakenOver } from "./control.ts";
import { markSkipped } from "./mark-skipped.ts";
import { promote } from "./promote.ts";
import { batchesOf } from "./rollout-batches.ts";
import { warnOfOrder } from "./rollout-order.ts";
import { verifyBatch, verifyPending } from "./verify-batch.ts";

/**
 * Rolls one job out whose files are on its workers: starts, then reloads, then restarts, in batches; for each batch the
 * lifecycle, `started`, `promote`, `verify`; then `after`. What an earlier run did not ask is asked before. Whatever fails ends this job and goes to the ledger.
 */
export async function rollOut(run: Run, plan: PlannedJob): Promise<void> {
  const { reporter, bucket, ledger } = run;
  const { job } = plan;
  const began = bucket.now().getTime();
  const batches = batchesOf(run, plan);
  reporter.emit("job.started", {
    job: job.name,
    allocations: plan.allocations.filter(({ decision }) => decision.action !== "skip").length,
    batches: batches.length,
    stops_when: "a command or health check of one batch fails",
  });
  try {
    if (batches.length > 0) warnOfOrder(run, job);
    noteSkipped(run, plan);
    if (plan.healthPending || batches.length === 0) await verifyPending(run, plan);
    promoteQuiet(run, plan);
    await verifyAgain(run, plan);
    if (batches.length > 0) await runTakenOver(run, plan, batches);
    if (!ledger.failed(job.name)) await runAfter(run, job);
  } catch (cause) {
    ledger.failJob(job.name, cause);
    markSkipped(run, plan, cause);
  }
  const failed = ledger.failed(job.name);
  const message = ledger.failureOf(job.name)?.message ?? null;
  reporter.emit("job.finished", {
    job: job.name,
    outcome: failed ? "failed" : "ok",
    message,
    duration_ms: bucket.now().getTime() - began,
  });
}

/**
 * Allocations that need no lifecycle: those whose files alone changed, and those in maintenance. What comes after them is
 * owed from then on, as after a lifecycle command.
 */
function promoteQuiet(run: Run, { job, allocations }: PlannedJob): void {
  const quiet = allocations.filter(
    ({ allocation, decision: { action } }) =>
      !run.ledger.lost(job.name, allocation.host) && (allocation.disabled ? action !== "skip" : action === "sync"),
  );
  run.bucket.store.transaction(() => {
    if (quiet.length > 0) markAfter(run, job);
    for (const planned of quiet) promote(run, job, planned, planned.decision.action);
  });
}

function noteSkipped(run: Run, { job, allocations }: PlannedJob): void {
  for (const { allocation, decision } of allocations)
    if (decision.action === "skip") run.ledger.note(job.name, allocation.host, "skip", "skipped", true);
}

/** Allocations that were unhealthy and have no lifecycle to run (policy `never`) are asked again. */
async function verifyAgain(run: Run, plan: PlannedJob): Promise<void> {
  const again = plan.allocations.filter(
    ({ allocation, decision }) => decision.action === "sync" && run.recorded(allocation.id).promoted?.healthFailed,
  );
  if (again.length > 0) await verifyBatch(run, plan.job, again);
}
