import { asMaandError } from "../../bucket/error-outcome.ts";
import type { Allocation } from "../../domain/workspace/job.ts";
import { MaandError } from "../../errors.ts";
import type { PlannedAllocation } from "../../plan/plan-job.ts";
import { noteSeen } from "../../run/budget/note-seen.ts";
import { checkHealth, type HealthFinding } from "../../run/check-health.ts";
import type { JobRollout } from "./job-rollout.ts";

/** A health check that the rollout of a job depends on. */
export interface HealthGate {
  /**
   * The allocations to check: all active ones, those that ran before this run, those on which an action of this run
   * succeeded, or those that run the planned release.
   */
  readonly of: "all" | "running" | "started" | "released";
  /** Whether to wait until they are healthy, as the manifest sets; otherwise they are checked once. */
  readonly wait: boolean;
  /** Whether an earlier run ended before this check. */
  readonly isLate?: boolean;
}

/**
 * Checks a job's health after `members` were promoted. Throws if the job is unhealthy, and durably marks the
 * allocations that the failed checks name, or all checked members if the checks name none. A passing check removes the
 * marks.
 */
export async function passGate(
  rollout: JobRollout,
  members: readonly PlannedAllocation[],
  gate: HealthGate,
): Promise<HealthFinding | undefined> {
  const { run, context } = rollout;
  const checked = allocationsOf(rollout, gate);
  if (gate.of === "running" && checked.length === 0) return undefined;
  const finding = await checkHealth(run, context, checked, gate.wait);
  if (finding.cause && run.bucket.signal.aborted) throw finding.cause;
  // the checks leave out an allocation that failed earlier in this run, so its health is unknown
  const present = members.filter(({ allocation }) => !run.ledger.lost(rollout.job.name, allocation.host));
  const unhealthy = unhealthyOf(finding, checked, present);
  noteSeen(run, checked, finding);
  recordHealth(rollout, checked, unhealthy);
  noteHealth(rollout, present, gate, { finding, unhealthy });
  if (finding.cause) throw gate.isLate ? lateError(finding.cause) : finding.cause;
  return finding;
}

function allocationsOf({ run, job, present }: JobRollout, { of }: HealthGate): Allocation[] {
  if (of === "all") return present();
  if (of === "started") return present().filter(({ host }) => run.ledger.isDone(job.name, host));
  if (of === "released")
    return present().filter(({ id, host }) => isReleased(run, job, id) || run.ledger.isDone(job.name, host));
  return present().filter(({ id }) => run.recorded(id).promoted?.stopped === false);
}

/** Whether an allocation ran the planned release before this run. */
function isReleased(run: JobRollout["run"], { release }: JobRollout["job"], id: string): boolean {
  const { promoted } = run.recorded(id);
  return promoted?.release === release && promoted?.stopped === false;
}

/** The allocations that the failed checks name, or all members if they name none; undefined if nothing failed. */
function unhealthyOf(
  { cause, results }: HealthFinding,
  checked: readonly Allocation[],
  members: readonly PlannedAllocation[],
): readonly Allocation[] | undefined {
  if (!cause) return undefined;
  const hosts = new Set(results.filter(({ ok }) => !ok).map(({ host }) => host));
  const named = checked.filter(({ host }) => hosts.has(host));
  return named.length > 0 ? named : members.map(({ allocation }) => allocation);
}

function recordHealth(
  { run }: JobRollout,
  checked: readonly Allocation[],
  unhealthy: readonly Allocation[] | undefined,
): void {
  const { store } = run.bucket;
  store.transaction(() => {
    for (const { id } of checked) {
      store.pendingHealth.clear(id);
      if (!unhealthy && run.recorded(id).promoted?.healthFailed) store.promoted.markHealth(id, false);
    }
    for (const { id } of unhealthy ?? []) store.promoted.markHealth(id, true);
  });
}

function noteHealth(
  { run, job }: JobRollout,
  members: readonly PlannedAllocation[],
  { isLate }: HealthGate,
  { finding, unhealthy }: { readonly finding: HealthFinding; readonly unhealthy: readonly Allocation[] | undefined },
): void {
  const hosts = new Set(unhealthy?.map(({ host }) => host));
  for (const { allocation, decision } of members) {
    if (hosts.has(allocation.host))
      run.ledger.fail(job.name, allocation.host, isLate ? "verify" : decision.action, finding.cause, true);
    else if (!unhealthy && isLate) run.ledger.note(job.name, allocation.host, "verify", "ok", true);
  }
}

/** The error of a health check that an earlier run left pending. */
function lateError(cause: unknown): MaandError {
  const { code, message, hint, output } = asMaandError(cause);
  return new MaandError({
    code,
    message: `${message}; the last run ended before it could check this`,
    output,
    cause,
    ...(hint === undefined ? {} : { hint }),
  });
}
