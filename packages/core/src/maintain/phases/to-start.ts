import type { Allocation, Job } from "../../domain/workspace/job.ts";
import type { Run } from "../../run/run.ts";
import type { Session } from "../session.ts";

/** An allocation of a worker in maintenance that is to run again. */
export interface ToStart {
  readonly job: Job;
  readonly allocation: Allocation;
  /** Whether it is stopped; otherwise an earlier run started it, and only its health is checked. */
  readonly isStopped: boolean;
}

/** What the maintenance stopped on a worker, except what was disabled or removed since. */
export function toStart(session: Session, run: Run, host: string): ToStart[] {
  const own = new Set(run.bucket.store.maintenance.stops(session.number, host).map(({ allocation }) => allocation));
  return (run.allocationsOn.get(host) ?? []).flatMap((allocation): ToStart[] => {
    const job = run.jobs.get(allocation.job);
    const { promoted } = run.recorded(allocation.id);
    if (!job || !promoted || allocation.disabled || !own.has(allocation.id)) return [];
    return [{ job, allocation, isStopped: promoted.stopped }];
  });
}
