import type { PlannedAllocation } from "../plan/plan-job.ts";
import type { Run } from "../run/run.ts";

/** Whether a disabled allocation was to be stopped in this run, and its command failed. */
export function isStopFailed(run: Run, { allocation, decision }: PlannedAllocation): boolean {
  if (!allocation.disabled || !decision.action.startsWith("stop")) return false;
  return run.ledger.outcomeOf(allocation.job, allocation.host) === "failed";
}
