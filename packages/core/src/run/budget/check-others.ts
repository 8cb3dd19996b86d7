import { asMaandError, outcomeOf, stopIfInterrupted } from "../../bucket/outcome.ts";
import type { Away, Seen } from "../../domain/budget/away.ts";
import type { JobAvailability } from "../../domain/budget/claim.ts";
import type { Allocation, Job } from "../../domain/workspace/job.ts";
import { checkHealth, type HealthFinding } from "../check-health.ts";
import { workerOf } from "../run.ts";
import type { ScopeSource } from "../scope/contexts.ts";
import { scopedJobContext } from "../scope/scoped-job-context.ts";

/** What to check of a job. */
export interface CheckedJob {
  readonly job: Job;
  readonly state: JobAvailability;
  /** Without health checks: try to connect to its workers. */
  readonly connects: boolean;
  readonly mayBeBack: (away: Away) => boolean;
}

/** Checks the health of a job's allocations that are not known to stay away, once, and notes what it shows. */
export async function checkOthers(run: ScopeSource, { job, state, connects, mayBeBack }: CheckedJob): Promise<void> {
  const checked = (run.allocationsOf.get(job.name) ?? []).filter(({ host, disabled }) => {
    const away = state.away.get(host);
    return !disabled && (away === undefined || mayBeBack(away));
  });
  const finding = await checkHealth(run, scopedJobContext(run, job), checked, false);
  stopIfInterrupted(run.bucket.signal);
  const seen = new Map(checked.map(({ host }) => [host, seenOf(host, checked, finding)]));
  if (finding.verdict === "skipped" && connects)
    for (const host of await unreachable(run, checked)) seen.set(host, "unreachable");
  for (const [host, what] of seen) if (what !== undefined) run.budget.saw(job.name, host, what);
  const back = checked.filter(({ host }) => seen.get(host) === "healthy").map(({ id }) => id);
  if (run.bucket.store.holds.all().some(({ allocation }) => back.includes(allocation)))
    run.bucket.store.holds.seenBack(back);
}

/** What a health check has shown of one worker; undefined if nothing. */
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

/** The hosts of allocations whose workers cannot be reached. */
async function unreachable(run: ScopeSource, allocations: readonly Allocation[]): Promise<string[]> {
  const found = await Promise.all(
    allocations.map(async ({ host }) => {
      try {
        await run.connections.connect(workerOf(run, host), { reportFailure: false });
        return [];
      } catch (cause) {
        return outcomeOf(asMaandError(cause)) === "unreachable" ? [host] : [];
      }
    }),
  );
  stopIfInterrupted(run.bucket.signal);
  return found.flat();
}
