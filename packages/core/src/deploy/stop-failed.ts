import { asMaandError } from "../bucket/error-outcome.ts";
import { MaandError } from "../errors.ts";
import type { PlannedAllocation } from "../plan/plan-job.ts";
import type { StoppingAllocation } from "../plan/stopping.ts";
import type { Run } from "../run/run.ts";

/** Whether this run tried to stop a disabled allocation, and the command failed. */
export function isStopFailed(run: Run, { allocation, decision }: PlannedAllocation): boolean {
  if (!allocation.disabled || !decision.action.startsWith("stop")) return false;
  return run.ledger.outcomeOf(allocation.job, allocation.host) === "failed";
}

/** The error of a failed stop. Its hint contains the command that records the allocation as stopped. */
export function stopError(cause: unknown, { job, allocation }: StoppingAllocation): MaandError {
  const { code, message, hint, worker, output, exit } = asMaandError(cause);
  const mark = `if it is no longer running, record that: maand job stop ${job.name} --allocations ${allocation.host} --mark-stopped`;
  return new MaandError({
    code,
    message,
    output,
    cause,
    hint: hint === undefined ? mark : `${hint}; ${mark}`,
    ...(worker === undefined ? {} : { worker }),
    ...(exit === undefined ? {} : { exit }),
  });
}
