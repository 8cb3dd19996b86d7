import { listOf } from "@maand/command";
import { refuseUnknown, type Store, selectWorkers } from "@maand/core/readonly";

/** Whether a name passes a filter; an empty filter accepts every name. */
export function passes(wanted: readonly string[], name: string): boolean {
  return wanted.length === 0 || wanted.includes(name);
}

/** A job on a worker, with the field names of any row. */
interface Unit {
  readonly job: string;
  readonly host: string;
}

/**
 * Returns a filter for `--jobs` and `--workers`; workers may be hosts, hostnames, labels and zones. Refuses names that
 * occur neither in the catalog nor in a removed allocation (until `gc`), because a filter must never silently mean
 * "all" or "nothing".
 */
export function unitFilter(
  catalog: ReturnType<Store["catalog"]["read"]>,
  flags: { readonly jobs: readonly string[]; readonly workers: readonly string[] },
): (unit: Unit) => boolean {
  const [jobs, words] = [listOf(flags.jobs), listOf(flags.workers)];
  const knownJobs = [...catalog.jobs, ...catalog.removedJobs].map(({ name }) => name);
  refuseUnknown("job", "--jobs", jobs, knownJobs);
  const chosen = selectWorkers([...catalog.workers, ...catalog.removedWorkers], "--workers", words);
  const hosts = chosen.map(({ worker }) => worker.host);
  return ({ job, host }) => passes(jobs, job) && passes(hosts, host);
}
