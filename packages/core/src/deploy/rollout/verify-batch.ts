import { asMaandError } from "../../bucket/outcome.ts";
import type { Allocation, Job } from "../../domain/workspace/job.ts";
import { MaandError } from "../../errors.ts";
import { type PlannedAllocation, type PlannedJob, pendingAmong } from "../../plan/plan-job.ts";
import { checkHealth } from "../../run/check-health.ts";
import type { Run } from "../../run/run.ts";

/** A promoted allocation, and what was done to it before its health is asked. */
interface Checked {
  readonly allocation: Allocation;
  readonly action: string;
}

/**
 * Asks a job's health after a batch was promoted; throws when it is sick. Those the checks name carry a durable mark then,
 * or the whole batch if they name nobody (decision 5); passing takes the marks away. Without `wait` it asks once.
 */
export async function verifyBatch(run: Run, job: Job, batch: readonly PlannedAllocation[], wait = true): Promise<void> {
  const checked = batch.map(({ allocation, decision }) => ({ allocation, action: decision.action }));
  await verify(run, job, checked, present(run, job), wait);
}

/**
 * Asks what a run that ended between a promotion and its health check did not. Only what runs is asked: what was never
 * started would have been no part of that check.
 */
export async function verifyPending(run: Run, { job, allocations }: PlannedJob): Promise<void> {
  const pending = pendingAmong(allocations, run.bucket.store.pendingHealth.all());
  if (pending.length === 0) return;
  const running = present(run, job).filter(({ id }) => run.recorded(id).promoted?.stopped === false);
  if (running.length === 0) return;
  const checked = pending.map(({ allocation }) => ({ allocation, action: "verify" }));
  try {
    await verify(run, job, checked, running, true);
  } catch (cause) {
    throw lateFinding(cause);
  }
  for (const { allocation } of checked) run.ledger.note(job.name, allocation.host, "verify", "ok", true);
}

/** An error of a health check that an earlier run left to this one. */
export function lateFinding(cause: unknown): MaandError {
  const { code, message, hint, output } = asMaandError(cause);
  if (code === "INTERRUPTED") return asMaandError(cause);
  return new MaandError({
    code,
    message: `${message}; this was not asked before, since the last run ended before that`,
    output,
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}

function present(run: Run, job: Job): Allocation[] {
  return (run.allocationsOf.get(job.name) ?? []).filter(
    ({ disabled, host }) => !disabled && !run.ledger.lost(job.name, host),
  );
}

async function verify(
  run: Run,
  job: Job,
  batch: readonly Checked[],
  active: readonly Allocation[],
  wait: boolean,
): Promise<void> {
  const { promoted, pendingHealth } = run.bucket.store;
  const { outcome, results, cause } = await checkHealth(run, job, active, wait);
  if (outcome === "failed" && run.bucket.signal.aborted) throw cause;
  const sick = new Set(results.filter((result) => !result.ok).map((result) => result.host));
  const members = batch.map(({ allocation }) => allocation);
  const named = active.filter(({ host }) => sick.has(host));
  run.bucket.store.transaction(() => {
    for (const { id } of active) {
      pendingHealth.clear(id);
      if (outcome !== "failed" && run.recorded(id).promoted?.healthFailed) promoted.markHealth(id, false);
    }
    if (outcome === "failed") for (const { id } of named.length > 0 ? named : members) promoted.markHealth(id, true);
  });
  if (outcome !== "failed") return;
  for (const { allocation, action } of batch) {
    if (named.length === 0 || sick.has(allocation.host))
      run.ledger.fail(job.name, allocation.host, action, cause, true);
  }
  throw cause;
}
