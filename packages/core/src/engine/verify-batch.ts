import type { Job } from "../domain/job.ts";
import { checkHealth } from "./check-health.ts";
import type { PlannedAllocation } from "./plan-job.ts";
import type { Run } from "./run.ts";

/**
 * Asks a job's health after a batch was promoted; throws when it is sick. Those the checks name carry a durable mark then,
 * or the whole batch if they name nobody (decision 5); passing takes the marks away. Without `wait` it asks once.
 */
export async function verifyBatch(run: Run, job: Job, batch: readonly PlannedAllocation[], wait = true): Promise<void> {
  const active = (run.allocationsOf.get(job.name) ?? []).filter(
    ({ disabled, host }) => !disabled && !run.ledger.lost(job.name, host),
  );
  const { outcome, results, cause } = await checkHealth(run, job, active, wait);
  const sick = new Set(results.filter((result) => !result.ok).map((result) => result.host));
  const members = batch.map(({ allocation }) => allocation);
  const named = active.filter(({ host }) => sick.has(host));
  if (outcome === "failed") {
    if (run.maand.signal.aborted) throw cause;
    for (const { id } of named.length > 0 ? named : members) run.maand.store.promoted.markHealth(id, true);
    for (const { allocation, decision } of batch) {
      if (named.length === 0 || sick.has(allocation.host))
        run.ledger.fail(job.name, allocation.host, decision.action, cause, true);
    }
    throw cause;
  }
  run.maand.store.transaction(() => {
    for (const allocation of active)
      if (run.remembered(allocation.id).promoted?.healthFailed)
        run.maand.store.promoted.markHealth(allocation.id, false);
  });
}
