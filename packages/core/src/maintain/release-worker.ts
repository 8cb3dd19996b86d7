import type { Session } from "./session.ts";

/** A worker is back, or its jobs are a deploy's again: it no longer counts against the budget of any job. */
export function releaseWorker({ run }: Session, host: string): void {
  const { bucket, budget, catalog } = run;
  const there = catalog.allocations.filter((allocation) => allocation.host === host);
  for (const { job } of there) budget.bringBack(job, host);
  bucket.store.holds.release(there.map(({ id }) => id));
}
