import { purposeOf } from "../domain/budget/stop-purpose.ts";
import { isParked } from "../domain/release/hold.ts";
import type { StoppingAllocation } from "../plan/stopping.ts";
import { leaveToRecords, type RefusedUnit, reportRefused, requestDowntime } from "../run/budget/arbiter.ts";
import type { Run } from "../run/run.ts";

type Stop = (run: Run, entry: StoppingAllocation) => Promise<void>;

/**
 * Stops allocations in parallel, as far as the availability budget allows. The other allocations keep running and are
 * reported. Downtime is requested for all limited stops together, in worker order, before any allocation is stopped.
 * The stops that the budget does not limit, such as those that the operator requested, therefore count against the
 * budget only afterwards.
 */
export async function stopWithinBudget(run: Run, entries: readonly StoppingAllocation[], stop: Stop): Promise<void> {
  const limited = entries.filter((entry) => isLimited(run, entry));
  const units = new Map(limited.map((entry) => [entry, { host: entry.allocation.host, jobs: [entry.job.name] }]));
  if (limited.length === 0) return void (await Promise.all(entries.map((entry) => stop(run, entry))));
  const answer = await requestDowntime(run, {
    kind: "stop",
    units: [...units.values()],
    by: `maand ${run.reporter.command}`,
  });
  const errors = new Map(answer.refused.map(({ unit, error }) => [unit, error]));
  const refused = limited.flatMap((entry) => {
    const unit = units.get(entry);
    const error = unit && errors.get(unit);
    return error ? [{ entry, unit, error }] : [];
  });
  const left = new Set(refused.map(({ entry }) => entry));
  await Promise.all(entries.filter((entry) => !left.has(entry)).map((entry) => stop(run, entry)));
  leaveToRecords(run, answer.granted);
  reportRefused(run, refused);
  for (const { entry, error } of refused) noteRefused(run, entry, error);
}

/**
 * Records a refused stop like a failed one: the allocation keeps running, nothing waits for it, and every deploy
 * retries the stop.
 */
function noteRefused(run: Run, { job, allocation }: StoppingAllocation, error: RefusedUnit["error"]): void {
  run.ledger.addPendingCleanup(job.name, allocation.host, "stop", error);
}

/**
 * Whether the budget limits a stop. It limits only drains (see {@link purposeOf}). It does not limit the stop of an
 * allocation that was removed or that runs a parked job, nor a stop that the operator requested.
 */
function isLimited(run: Run, { stop, job, allocation }: StoppingAllocation): boolean {
  if (!stop || allocation.removed || isParked(job)) return false;
  return purposeOf(job, allocation, run.allocationsOf.get(job.name) ?? []) === "drain";
}
