import { type Bucket, planDeploy } from "@maand/core/operator";

/** Something that a deploy would change. */
export interface PendingChange {
  readonly job: string;
  /** Undefined for a job that cannot be planned, or only after its `pre_deploy` has run. */
  readonly host: string | undefined;
  /** What the deploy would do: `start`, `restart`, `reload`, `sync`, `stop`, `remove`, ... */
  readonly action: string;
  readonly reason: string;
}

/**
 * What a deploy of some jobs, or of all jobs if none is named, would change according to a dry run. Changes nothing.
 */
export async function pendingChanges(bucket: Bucket, jobs: readonly string[]): Promise<PendingChange[]> {
  const plan = await planDeploy(bucket, { jobs, force: false, syncOnly: false });
  const wanted = (job: string) => jobs.length === 0 || jobs.includes(job);
  return [
    ...plan.stopping
      .filter(({ job }) => wanted(job.name))
      .map(({ job, allocation, stop, remove, reason }) => ({
        job: job.name,
        host: allocation.host,
        action: [...(stop ? ["stop"] : []), ...(remove ? ["remove"] : [])].join("+") || "notify",
        reason,
      })),
    ...plan.waves.flatMap((wave) =>
      wave.jobs.flatMap(({ job, allocations, steps }) => [
        ...allocations
          .filter(({ decision }) => decision.action !== "skip" && !decision.action.startsWith("stop"))
          .map(({ allocation, decision }) => ({
            job: job.name,
            host: allocation.host,
            action: decision.action,
            reason: decision.reasons.join("; "),
          })),
        ...(steps?.waiting ?? []).map(({ allocation }) => ({
          job: job.name,
          host: allocation.host,
          action: "wait",
          reason: "a staged rollout has not reached it",
        })),
      ]),
    ),
    ...plan.undecided.map(({ job, message }) => ({ job: job.name, host: undefined, action: "plan", reason: message })),
    ...plan.failures.map(({ job, message }) => ({ job, host: undefined, action: "fail", reason: message })),
  ];
}
