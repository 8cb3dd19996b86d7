import { asMaandError } from "../bucket/error-outcome.ts";
import { NO_VERSION } from "../domain/deploy/version.ts";
import type { Allocation, Job } from "../domain/workspace/job.ts";
import type { MaandError } from "../errors.ts";
import type { PlannedJob } from "../plan/plan-job.ts";
import type { StoppingAllocation } from "../plan/stopping.ts";
import type { ChangedAllocation, Changes } from "../plugin-api/contexts/permit-context.ts";
import { type Run, workerOf } from "../run/run.ts";

/** The reason why a `permit` hook refuses changes; undefined if no hook refuses them. */
export async function refusalOf(run: Run, changes: Changes): Promise<MaandError | undefined> {
  const context = Object.freeze({ ...run.reporter.context({}), changes, wave: changes });
  return run.bucket.hooks.permit.promise(context).then(() => undefined, asMaandError);
}

/** What a wave rolls out. */
export function rolloutChanges(run: Run, deploymentSeq: number, plans: readonly PlannedJob[]): Changes {
  const jobs = plans.map(({ job, allocations }) => ({
    job,
    allocations: allocations
      .filter(({ decision }) => decision.action !== "skip")
      .map(({ allocation, decision }) => changed(run, allocation, decision.action)),
  }));
  return { step: "rollout", deploymentSeq, jobs };
}

/** What a wave stops and removes. */
export function stopChanges(run: Run, deploymentSeq: number, entries: readonly StoppingAllocation[]): Changes {
  const jobs = new Map<Job, ChangedAllocation[]>();
  for (const { job, allocation, remove } of entries)
    jobs.set(job, [...(jobs.get(job) ?? []), changed(run, allocation, remove ? "remove" : "stop")]);
  return { step: "stop", deploymentSeq, jobs: [...jobs].map(([job, allocations]) => ({ job, allocations })) };
}

function changed(run: Run, { id, host }: Allocation, action: ChangedAllocation["action"]): ChangedAllocation {
  return { worker: workerOf(run, host), action, currentVersion: run.recorded(id).promoted?.version ?? NO_VERSION };
}
