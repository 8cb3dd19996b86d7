import { asMaandError } from "../bucket/outcome.ts";
import type { PlannedJob } from "../plan/plan-job.ts";
import type { Run } from "../run/run.ts";

/** Notes the allocations of a plan that need nothing. */
export function noteUnchanged({ ledger }: Pick<Run, "ledger">, { job, allocations }: PlannedJob): void {
  for (const { allocation, decision } of allocations)
    if (decision.action === "skip") ledger.note(job.name, allocation.host, "skip", "skipped", true);
}

/** Notes the allocations that were not reached. The summary accounts for every planned allocation. */
export function noteRest({ ledger }: Pick<Run, "ledger">, { job, allocations }: PlannedJob, cause?: unknown): void {
  const interrupted = cause !== undefined && asMaandError(cause).code === "INTERRUPTED";
  for (const { allocation, decision } of allocations) {
    if (decision.action === "skip" || ledger.knows(job.name, allocation.host)) continue;
    ledger.note(job.name, allocation.host, decision.action, interrupted ? "interrupted" : "blocked", false);
  }
}
