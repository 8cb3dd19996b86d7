import { refuseUnknown, type Store } from "@maand/core/look";
import { listOf } from "../command.ts";

/** Whether a name passes a filter; an empty filter lets everything pass. */
export function passes(wanted: readonly string[], name: string): boolean {
  return wanted.length === 0 || wanted.includes(name);
}

/** A job on a worker, however the row is called. */
interface Unit {
  readonly job: string;
  readonly host: string;
}

/**
 * What `--jobs` and `--workers` let pass. Names nobody has, or had before `gc`, are refused: a filter never silently means
 * "all" or "nothing" (decision 33).
 */
export function unitFilter(
  catalog: ReturnType<Store["catalog"]["read"]>,
  flags: { readonly jobs: readonly string[]; readonly workers: readonly string[] },
): (unit: Unit) => boolean {
  const [jobs, workers] = [listOf(flags.jobs), listOf(flags.workers)];
  const knownJobs = [...catalog.jobs, ...catalog.removedJobs].map(({ name }) => name);
  const knownWorkers = [...catalog.workers, ...catalog.removedWorkers].map(({ host }) => host);
  refuseUnknown("job", "--jobs", jobs, knownJobs);
  refuseUnknown("worker", "--workers", workers, knownWorkers);
  return ({ job, host }) => passes(jobs, job) && passes(workers, host);
}
