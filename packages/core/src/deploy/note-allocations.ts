import { asMaandError } from "../bucket/outcome.ts";
import type { PlannedJob } from "../plan/plan-job.ts";
import type { Run } from "../run/run.ts";

/** Notes the allocations of a plan that need nothing. They run the planned release, even if its number is new. */
export function noteUnchanged(run: Pick<Run, "ledger" | "recorded" | "bucket" | "at">, plan: PlannedJob): void {
  if (plan.settled)
    run.ledger.noteUnchanged(
      plan.job.name,
      plan.settled.map(({ host }) => host),
    );
  for (const { allocation, decision } of plan.allocations)
    if (decision.action === "skip") run.ledger.note(plan.job.name, allocation.host, "skip", "skipped", true);
  noteRelease(run, plan);
}

/** A release whose files on the workers equal those of the previous release is deployed without any action. */
function noteRelease(
  { recorded, bucket: { store }, at }: Pick<Run, "recorded" | "bucket" | "at">,
  { job, allocations, left }: PlannedJob,
): void {
  const { release } = job;
  if (release === undefined) return;
  const same = allocations.filter(({ allocation, decision }) => {
    const { promoted } = recorded(allocation.id);
    return decision.action === "skip" && promoted !== undefined && promoted.release !== release;
  });
  if (same.length === 0) return;
  store.transaction(() => {
    for (const { allocation } of same) store.promoted.setRelease(allocation.id, { job: job.name, number: release });
    if (!left?.length) store.releases.confirm(job.name, release, at());
  });
}

/** Notes the allocations that were not reached. The summary accounts for every planned allocation. */
export function noteRest({ ledger }: Pick<Run, "ledger">, { job, allocations }: PlannedJob, cause?: unknown): void {
  const interrupted = cause !== undefined && asMaandError(cause).code === "INTERRUPTED";
  for (const { allocation, decision } of allocations) {
    if (decision.action === "skip" || ledger.knows(job.name, allocation.host)) continue;
    ledger.note(job.name, allocation.host, decision.action, interrupted ? "interrupted" : "blocked", false);
  }
}
