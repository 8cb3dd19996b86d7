import type { Bucket } from "../bucket/bucket.ts";
import { error } from "../domain/checks/problem.ts";
import type { Job } from "../domain/workspace/job.ts";
import { problemsError } from "../errors.ts";
import type { Run } from "../run/run.ts";
import { refuseUnknown } from "../run/select.ts";

/** Jobs that are deployed together, and the position of their wave. */
export interface Wave {
  readonly deploymentSeq: number;
  /** In name order. */
  readonly jobs: readonly Job[];
}

/**
 * Returns the waves of the selected jobs, or of all jobs if none is named. Jobs without allocations are in no wave.
 * Throws PROBLEMS for an unknown job, because a filter with a typo must not be ignored. Also throws PROBLEMS for a
 * bucket that was never built, because an empty result would look as if there were nothing to do. With `reversed`, the
 * last wave comes first.
 */
export function wavesOf(
  { bucket, catalog, allocationsOf }: Pick<Run, "bucket" | "catalog" | "allocationsOf">,
  selected: readonly string[],
  reversed = false,
): Wave[] {
  refuseUnbuilt(bucket);
  const names = catalog.jobs.map(({ name }) => name);
  refuseUnknown("job", "--jobs", selected, names);
  const waves = new Map<number, Job[]>();
  for (const job of catalog.jobs) {
    if (selected.length > 0 && !selected.includes(job.name)) continue;
    if ((allocationsOf.get(job.name) ?? []).length === 0) continue;
    const wave = waves.get(job.deploymentSeq) ?? [];
    waves.set(job.deploymentSeq, wave);
    wave.push(job);
  }
  return [...waves]
    .sort(([a], [b]) => (reversed ? b - a : a - b))
    .map(([deploymentSeq, jobs]) => ({ deploymentSeq, jobs }));
}

/**
 * Refuses a bucket that was never built. Every build stores the published values of the bucket, even without workers
 * and jobs.
 */
function refuseUnbuilt({ kv }: Bucket): void {
  if (kv.entries("maand/bucket").size > 0) return;
  throw problemsError([error("not_built", "data/maand.db", "nothing was built yet", "run maand build first")]);
}
