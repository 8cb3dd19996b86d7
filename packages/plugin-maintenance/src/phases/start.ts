import { type Run, type StoppedAllocation, startOnWorker } from "@maand/core/operator";
import type { Session } from "../session.ts";

const NEWER_FILES =
  "maand maintain abort ends the maintenance; maand deploy then syncs the newer files and starts the job";

/** Starts exactly the allocations that the maintenance stopped on a worker. */
export async function startJobs(session: Session, host: string): Promise<void> {
  const run = session.view(host);
  run.refresh();
  const { maintenance } = run.bucket.store;
  await startOnWorker(run, host, {
    stopped: toStart(session, run, host),
    onStarted: (allocation) => maintenance.markStarted(session.number, allocation),
    newerFilesHint: NEWER_FILES,
  });
}

/** The allocations that the maintenance stopped on a worker, except those that were disabled or removed since then. */
function toStart(session: Session, run: Run, host: string): StoppedAllocation[] {
  const own = new Set(run.bucket.store.maintenance.stops(session.number, host).map(({ allocation }) => allocation));
  return (run.allocationsOn.get(host) ?? []).flatMap((allocation): StoppedAllocation[] => {
    const job = run.jobs.get(allocation.job);
    const { promoted } = run.recorded(allocation.id);
    if (!job || !promoted || allocation.disabled || !own.has(allocation.id)) return [];
    return [{ job, allocation, isStopped: promoted.stopped }];
  });
}
