import type { Bucket } from "../bucket/bucket.ts";
import type { Allocation } from "../domain/workspace/job.ts";
import { knownOf, recordedStateOf } from "../run/run.ts";
import { selectAllocations, type TypedWorkers } from "../run/select.ts";
import { type StoppingAllocation, stopping } from "./stopping.ts";
import { limitTo } from "./worker-limit.ts";

/** What the next deploy takes away, to be confirmed before its lock is taken. */
export interface ExpectedStops {
  /** Allocations that it stops or whose files it deletes; the last wave first. */
  readonly stops: readonly StoppingAllocation[];
  /** The last build found a `workers.json` without workers, so that nothing is left to run. */
  readonly isFleetEmpty: boolean;
}

/** Reads what a deploy would stop and delete, on these workers or, without words, everywhere. Changes nothing. */
export function expectedStops(bucket: Bucket, workers: TypedWorkers | undefined): ExpectedStops {
  const { catalog } = bucket.store;
  // most deploys stop nothing, and need not read the allocations of a large fleet twice to know that
  if ((workers?.words.length ?? 0) === 0 && !catalog.mayStop())
    return { stops: [], isFleetEmpty: catalog.isFleetEmpty() };
  const source = { ...knownOf(catalog.read(), bucket), ...recordedStateOf(bucket) };
  const limit = limitTo(source, workers);
  const stops = stopping(source).filter(
    ({ allocation, stop, remove }) => (stop || remove) && limit?.has(allocation.host) !== false,
  );
  return { stops, isFleetEmpty: source.catalog.workers.length === 0 };
}

/** The allocations that a target of jobs would run on, as `maand job` selects them. Unknown names are left to the command. */
export function targetedAllocations(
  bucket: Bucket,
  { jobs, workers }: { readonly jobs: readonly string[]; readonly workers: readonly string[] },
): Allocation[] {
  const source = knownOf(bucket.store.catalog.read(), bucket);
  return source.catalog.jobs
    .filter(({ name }) => jobs.includes(name))
    .flatMap((job) => selectAllocations(source, job, workers));
}
