import { stopIfInterrupted } from "../../bucket/interruption.ts";
import { jobsToCheck } from "../../domain/budget/downtime.ts";
import type { ScopeSource } from "../scope/contexts.ts";
import { checkOthers } from "./check-others.ts";
import { type DowntimeAnswer, type DowntimeRequest, decideNow, limitedOf } from "./decide.ts";
import { readJobStates } from "./job-states.ts";

export {
  beginChange,
  type DowntimeAnswer,
  type DowntimeRequest,
  isDecided,
  leaveToRecords,
  type RefusedUnit,
  refuseExcluded,
  reportRefused,
  settle,
} from "./decide.ts";

/**
 * The only code that decides which allocations and workers may go down. Every path that stops, restarts or reloads an
 * allocation, or takes a worker down, requests downtime here first, and calls {@link settle} when the allocation or
 * worker is healthy again. An allocation that is never settled counts as unavailable. Checks health only if the records
 * do not suffice and the decision depends on it. Throws INTERRUPTED; a refusal is part of the result.
 */
export async function requestDowntime(run: ScopeSource, request: DowntimeRequest): Promise<DowntimeAnswer> {
  stopIfInterrupted(run.bucket.signal);
  const limited = limitedOf(run, request);
  if (limited.length > 0 && !run.budget.isIgnored) await check(run, request, limited);
  return decideNow(run, request);
}

async function check(run: ScopeSource, request: DowntimeRequest, names: readonly string[]): Promise<void> {
  const { kind, units, isFresh = false } = request;
  const states = readJobStates(run, names);
  const due = jobsToCheck(kind, units, states.jobs, states.mayBeBack).filter(
    (name) => isFresh || (states.jobs.get(name)?.budget.isWritten === true && !run.budget.checked.has(name)),
  );
  await Promise.all(
    due.map(async (name) => {
      const [job, state] = [run.jobs.get(name), states.jobs.get(name)];
      if (!job || !state) return;
      await checkOthers(run, { job, state, mayBeBack: (away) => states.mayBeBack(name, away) });
      run.budget.checked.add(name);
    }),
  );
}
