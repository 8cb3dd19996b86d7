import type { RecordedState } from "../domain/deploy/plan.ts";
import { isParked } from "../domain/release/hold.ts";
import type { Allocation, Job } from "../domain/workspace/job.ts";
import { compareHosts } from "../domain/workspace/worker.ts";
import type { Run } from "../run/run.ts";

/** An allocation to stop, and the steps that it needs. */
export interface StoppingAllocation {
  readonly allocation: Allocation;
  readonly job: Job;
  /** Whether its process might be running. */
  readonly stop: boolean;
  /** Whether a run stopped it and was killed before its `stopped` hooks. */
  readonly notify: boolean;
  /** Whether its files are also deleted. Its data and logs remain until `gc`. */
  readonly remove: boolean;
  readonly reason: string;
}

/**
 * Allocations that were removed or disabled, or whose only release is held, and that might still run or have files on a
 * worker that is not in maintenance. The last wave comes first. Deploy and dry run both call this.
 */
export function stopping(run: Pick<Run, "catalog" | "jobs" | "workers" | "recorded">): StoppingAllocation[] {
  const found: StoppingAllocation[] = [];
  const present = new Set(run.catalog.workers.map((worker) => worker.host));
  const jobs = new Set(run.catalog.jobs);
  for (const allocation of run.catalog.allocations) {
    const job = run.jobs.get(allocation.job);
    if (!job || allocation.inMaintenance || !(allocation.removed || allocation.disabled || isParked(job))) continue;
    const recorded = run.recorded(allocation.id);
    const { promoted, unsettled, staged } = recorded;
    const { stop, notify } = stopOf(recorded);
    const remove = allocation.removed && (promoted !== undefined || unsettled !== undefined || staged !== undefined);
    const why = reasonOf(allocation, job, { workerThere: present.has(allocation.host), jobThere: jobs.has(job) });
    const reason = notify ? `${why}; already stopped, but the last run ended before its hooks had run` : why;
    if (stop || notify || remove) found.push({ allocation, job, stop, notify, remove, reason });
  }
  return found.sort(byLastWave);
}

/** The steps to stop an allocation in its recorded state; none if it cannot be running. */
export function stopOf({ promoted, unsettled }: RecordedState): Pick<StoppingAllocation, "stop" | "notify"> {
  const notify = promoted?.stopped === true && unsettled?.kind === "stop" && unsettled.wentWell === true;
  return { notify, stop: !notify && ((promoted !== undefined && !promoted.stopped) || unsettled !== undefined) };
}

function reasonOf(
  allocation: Allocation,
  job: Job,
  { workerThere, jobThere }: { readonly workerThere: boolean; readonly jobThere: boolean },
): string {
  if (!allocation.removed && !allocation.disabled) return `its only release, r${job.release}, failed and is held`;
  if (!allocation.removed) return "disabled in workspace/disabled.json";
  if (!workerThere) return "its worker was removed from workspace/workers.json";
  return jobThere ? "its worker no longer has the labels the job selects" : "its job was removed from the workspace";
}

function byLastWave(a: StoppingAllocation, b: StoppingAllocation): number {
  return (
    b.job.deploymentSeq - a.job.deploymentSeq ||
    (a.job.name < b.job.name ? -1 : a.job.name > b.job.name ? 1 : compareHosts(a.allocation.host, b.allocation.host))
  );
}
