import type { Session } from "./session.ts";

/**
 * Ends the maintenance of a worker that is back in service, or whose jobs deploys may change again. The worker no
 * longer counts against the budget of any job.
 */
export function releaseWorker({ run }: Session, host: string): void {
  const { bucket, budget, catalog } = run;
  const there = new Map(
    catalog.allocations
      .filter((allocation) => allocation.host === host)
      .map((allocation) => [allocation.id, allocation]),
  );
  for (const { job } of there.values()) budget.bringBack(job, host);
  const own = bucket.store.downtimes
    .all()
    .filter(({ allocation, kind }) => kind === "maintenance" && there.has(allocation));
  bucket.store.downtimes.release(own.map(({ allocation }) => allocation));
}
