import { asMaandError, outcomeOf } from "../../bucket/error-outcome.ts";
import { stopIfInterrupted } from "../../bucket/interruption.ts";
import { type Away, isUncertain } from "../../domain/budget/away.ts";
import type { JobAvailability } from "../../domain/budget/downtime.ts";
import type { Allocation, Job } from "../../domain/workspace/job.ts";
import { checkHealth } from "../check-health.ts";
import { workerOf } from "../run.ts";
import type { ScopeSource } from "../scope/contexts.ts";
import { scopedJobContext } from "../scope/scoped-job-context.ts";
import { noteSeen } from "./note-seen.ts";

/** What to check for a job. */
export interface CheckedJob {
  readonly job: Job;
  readonly state: JobAvailability;
  readonly mayBeBack: (away: Away) => boolean;
}

/**
 * Checks the health of a job once, except for allocations that are known to stay down, and records the results. For a
 * job without health checks, connects to the workers instead.
 */
export async function checkOthers(run: ScopeSource, { job, state, mayBeBack }: CheckedJob): Promise<void> {
  const checked = (run.allocationsOf.get(job.name) ?? []).filter(({ host }) => {
    const away = state.away.get(host);
    return away === undefined || mayBeBack(away) || isUncertain(away); // including disabled allocations that still run
  });
  const finding = await checkHealth(run, scopedJobContext(run, job), checked, false);
  stopIfInterrupted(run.bucket.signal);
  noteSeen(run, checked, finding);
  if (finding.verdict === "skipped") await seeWithoutChecks(run, { job, state, checked });
  const back = checked.filter(({ host }) => run.budget.seen(job.name, host) === "healthy").map(({ id }) => id);
  if (run.bucket.store.downtimes.all().some(({ allocation }) => back.includes(allocation)))
    run.bucket.store.downtimes.seenBack(back);
}

/**
 * Records the state of a job without health checks. Allocations that only lacked a check are healthy. Allocations whose
 * workers cannot be reached are unreachable.
 */
async function seeWithoutChecks(
  run: ScopeSource,
  { job, state, checked }: Pick<CheckedJob, "job" | "state"> & { readonly checked: readonly Allocation[] },
): Promise<void> {
  for (const { host } of checked)
    if (state.away.get(host)?.cause === "unchecked") run.budget.saw(job.name, host, "healthy");
  for (const host of await unreachable(run, checked)) run.budget.saw(job.name, host, "unreachable");
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
