import { asMaandError } from "../../bucket/outcome.ts";
import type { PlannedJob } from "../../plan/plan-job.ts";
import type { Run } from "../../run/run.ts";

/** Allocations nobody got to are named as well, so that the summary accounts for every one that was planned. */
export function markSkipped(run: Run, plan: PlannedJob, cause?: unknown): void {
  const interrupted = cause !== undefined && asMaandError(cause).code === "INTERRUPTED";
  for (const { allocation, decision } of plan.allocations) {
    if (run.ledger.knows(plan.job.name, allocation.host) || decision.action === "skip") continue;
    run.ledger.note(plan.job.name, allocation.host, decision.action, interrupted ? "interrupted" : "blocked", false);
  }
}
