import type { Bucket } from "../bucket/bucket.ts";
import type { Allocation } from "../domain/workspace/job.ts";
import { knownOf, recordedStateOf } from "../run/run.ts";
import { selectAllocations, type TypedWorkers } from "../run/select.ts";
import { type StoppingAllocation, stopping } from "./stopping.ts";
import { limitTo } from "./worker-limit.ts";

/** The allocations that the next deploy stops or deletes. The user confirms them before the deploy takes the lock. */
export interface ExpectedStops {
  /** Allocations that it stops or whose files it deletes, those of the last wave first. */
  readonly stops: readonly StoppingAllocation[];
  /** Whether the `workers.json` of the last build has no workers, so nothing remains to run. */
  readonly isFleetEmpty: boolean;
}

/**
 * Reads the allocations that a deploy would stop or delete, on these workers or, if no worker is named, on all workers.
 * Changes nothing.
 */
export function expectedStops(bucket: Bucket, workers: TypedWorkers | undefined): ExpectedStops {
  const { catalog } = bucket.store;
  // Most deploys stop nothing. In this case, the check avoids a second read of the allocations of a large fleet.
  if ((workers?.words.length ?? 0) === 0 && !catalog.mayStop())
    return { stops: [], isFleetEmpty: catalog.isFleetEmpty() };
  const source = { ...knownOf(catalog.read(), bucket), ...recordedStateOf(bucket) };
  const limit = limitTo(source, workers);
  const stops = stopping(source).filter(
    ({ allocation, stop, remove }) => (stop || remove) && limit?.has(allocation.host) !== false,
  );
  return { stops, isFleetEmpty: source.catalog.workers.length === 0 };
}

/**
 * The allocations that a `maand job` command with these jobs and workers would affect. Ignores unknown names, which the
 * command itself reports.
 */
export function targetedAllocations(
  bucket: Bucket,
  { jobs, workers }: { readonly jobs: readonly string[]; readonly workers: readonly string[] },
): Allocation[] {
  const source = knownOf(bucket.store.catalog.read(), bucket);
  return source.catalog.jobs
    .filter(({ name }) => jobs.includes(name))
    .flatMap((job) => selectAllocations(source, job, workers));
}
