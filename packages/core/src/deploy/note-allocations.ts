import { asMaandError } from "../bucket/error-outcome.ts";
import type { PlannedJob } from "../plan/plan-job.ts";
import type { Run } from "../run/run.ts";

/**
 * Records the allocations that need no action. They count as running the planned release, even if its number is new.
 */
export function noteUnchanged(
  run: Pick<Run, "ledger" | "recorded" | "bucket" | "at">,
  plans: readonly PlannedJob[],
): void {
  for (const { job, settled = [], allocations } of plans) {
    run.ledger.noteUnchanged(
      job.name,
      settled.map(({ host }) => host),
    );
    for (const { allocation, decision } of allocations)
      if (decision.action === "skip") run.ledger.note(job.name, allocation.host, "skip", "skipped", true);
  }
  noteReleases(run, plans);
}

/**
 * If the planned release has the same files on the workers as the promoted release, it counts as deployed without any
 * action.
 */
function noteReleases(
  { recorded, bucket: { store }, at }: Pick<Run, "recorded" | "bucket" | "at">,
  plans: readonly PlannedJob[],
): void {
  const releases = plans.flatMap(({ job: { name, release }, allocations, left }) => {
    if (release === undefined) return [];
    const same = allocations.flatMap(({ allocation: { id }, decision }) => {
      const { promoted } = recorded(id);
      return decision.action === "skip" && promoted !== undefined && promoted.release !== release ? [id] : [];
    });
    return same.length === 0 ? [] : [{ job: name, number: release, allocations: same, isWhole: !left?.length }];
  });
  if (releases.length === 0) return;
  store.transaction(() => {
    store.promoted.setReleases(releases);
    for (const { job, number, isWhole } of releases) if (isWhole) store.releases.confirm(job, number, at());
  });
}

/** Records the allocations that were not reached, so the summary accounts for every planned allocation. */
export function noteRest({ ledger }: Pick<Run, "ledger">, { job, allocations }: PlannedJob, cause?: unknown): void {
  const interrupted = cause !== undefined && asMaandError(cause).code === "INTERRUPTED";
  for (const { allocation, decision } of allocations) {
    if (decision.action === "skip" || ledger.knows(job.name, allocation.host)) continue;
    ledger.note(job.name, allocation.host, decision.action, interrupted ? "interrupted" : "blocked", false);
  }
}
