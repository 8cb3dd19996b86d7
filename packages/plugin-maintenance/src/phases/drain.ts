import {
  checkRemaining,
  type Run,
  type RunningAllocation,
  runningOn,
  stopOnWorker,
  workerOf,
} from "@maand/core/operator";
import type { Session } from "../session.ts";

const REASON = "its worker is in maintenance";

/**
 * Stops all allocations that may run on a worker, with its hooks, the last wave first, and checks the health of the
 * same jobs on other workers. It first records what was in service, because only that is started again later.
 */
export async function drain(session: Session, host: string): Promise<void> {
  const run = session.view(host);
  run.refresh();
  await run.connections.ready(workerOf(run, host));
  const running = toDrain(run, host);
  const inService = running.filter(({ isInService }) => isInService);
  run.bucket.store.maintenance.intendStops(
    session.number,
    host,
    inService.map(({ allocation }) => allocation.id),
  );
  await stopOnWorker(run, running);
  await checkRemaining(
    session.view(),
    inService.map(({ job }) => job),
  );
}

/** The allocations that a drain of a worker stops. */
export function toDrain(run: Run, host: string): RunningAllocation[] {
  return runningOn(run, host, REASON);
}
