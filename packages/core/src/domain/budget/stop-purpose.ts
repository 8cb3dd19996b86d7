import type { Allocation, Job } from "../workspace/job.ts";

/**
 * Why a disabled allocation is stopped. `asked`: the operator disabled the whole job, or disabled this allocation by
 * name in a job with a default budget. `drain`: its worker is drained, or the job has a written budget, which applies
 * to allocations that are disabled by name, too.
 */
export type StopPurpose = "asked" | "drain";

/** Derives the purpose of a stop from all allocations of the job that are not removed. */
export function purposeOf(
  { maxUnavailable }: Pick<Job, "maxUnavailable">,
  { drained }: Pick<Allocation, "drained">,
  all: readonly Pick<Allocation, "disabled" | "drained">[],
): StopPurpose {
  if (all.every((one) => one.disabled && one.drained !== true)) return "asked";
  return drained !== true && maxUnavailable === undefined ? "asked" : "drain";
}
