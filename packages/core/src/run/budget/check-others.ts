import { asMaandError, outcomeOf, stopIfInterrupted } from "../../bucket/outcome.ts";
import type { Away } from "../../domain/budget/away.ts";
import type { JobAvailability } from "../../domain/budget/claim.ts";
import type { Allocation, Job } from "../../domain/workspace/job.ts";
import { checkHealth } from "../check-health.ts";
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
  const { verdict, results, cause } = await checkHealth(run, scopedJobContext(run, job), checked, false);
  stopIfInterrupted(run.bucket.signal);
  if (verdict === "skipped") {
    if (connects) await connectTo(run, job, checked);
    return;
  }
  const failed = new Set(results.filter(({ ok }) => !ok).map(({ host }) => host));
  if (cause?.worker !== undefined) failed.add(cause.worker);
  // a check that fails as a whole names no allocation: the job is down wherever it runs
  const isWhole = cause !== undefined && !checked.some(({ host }) => failed.has(host));
  for (const { host } of checked) run.budget.saw(job.name, host, isWhole || failed.has(host) ? "unhealthy" : "healthy");
}

async function connectTo(run: ScopeSource, { name }: Job, allocations: readonly Allocation[]): Promise<void> {
  const one = async ({ host }: Allocation) => {
    try {
      await run.connections.connect(workerOf(run, host), { reportFailure: false });
    } catch (cause) {
      if (outcomeOf(asMaandError(cause)) === "unreachable") run.budget.saw(name, host, "unreachable");
    }
  };
  await Promise.all(allocations.map(one));
  stopIfInterrupted(run.bucket.signal);
}
