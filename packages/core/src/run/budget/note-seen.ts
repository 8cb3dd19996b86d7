import type { Seen } from "../../domain/budget/away.ts";
import type { Allocation } from "../../domain/workspace/job.ts";
import type { HealthFinding } from "../check-health.ts";
import type { Run } from "../run.ts";

/** Records the results of a health check for some allocations of a job. */
export function noteSeen(
  { budget }: Pick<Run, "budget">,
  checked: readonly Allocation[],
  finding: HealthFinding,
): void {
  for (const { job, host } of checked) {
    const seen = seenOf(host, checked, finding);
    if (seen !== undefined) budget.saw(job, host, seen);
  }
}

/** What a health check has shown about one worker; undefined if nothing. */
function seenOf(host: string, checked: readonly Allocation[], finding: HealthFinding): Seen | undefined {
  const { verdict, results, cause } = finding;
  if (verdict === "skipped") return undefined;
  const failed = new Set(results.filter(({ ok }) => !ok).map((result) => result.host));
  if (cause?.worker !== undefined) failed.add(cause.worker);
  if (cause === undefined) return "healthy";
  if (failed.has(host)) return "unhealthy";
  if (!checked.some((one) => failed.has(one.host))) return "suspect";
  return results.some((result) => result.host === host) ? "healthy" : undefined;
}
