import { type Disabled, isDisabled, isNamed } from "./disabled.ts";
import { allocationId } from "./identity.ts";
import type { Allocation, Job } from "./job.ts";
import { compareHosts, type Worker } from "./worker.ts";

/**
 * Places jobs on workers: a job runs on every worker that has all the labels it selects. Earlier allocations that are
 * no longer desired are marked as removed and kept until `gc`. `workers` and `jobs` are in catalog order, and so is the
 * result: job by job, worker by worker, removed ones last.
 */
export function place(
  jobs: readonly Pick<Job, "name" | "selectors">[],
  workers: readonly Pick<Worker, "host" | "labels">[],
  disabled: Disabled,
  before: readonly Allocation[],
): Allocation[] {
  const known = byJobAndHostOf(before);
  const labels = new Map(workers.map((worker) => [worker.host, new Set(worker.labels)]));
  const placed: Allocation[] = [];
  for (const job of jobs) {
    let index = 0;
    const own = known.get(job.name);
    for (const { host } of workers) {
      if (!job.selectors.every((selector) => labels.get(host)?.has(selector))) continue;
      const id = own?.get(host)?.id ?? allocationId(job.name, host);
      own?.delete(host);
      const off = isDisabled(disabled, job.name, host);
      const drained = off && !isNamed(disabled, job.name, host);
      const state = { disabled: off, ...(drained ? { drained } : {}), removed: false, index };
      placed.push({ id, job: job.name, host, ...state });
      index += 1;
    }
  }
  const left = [...known.values()].flatMap((own) => [...own.values()]).sort(byJobAndHost);
  return [...placed, ...left.map((allocation) => ({ ...allocation, removed: true }))];
}

/** Two maps instead of one with joined names: joining and hashing a name for each allocation takes longer than the rest of a build. */
function byJobAndHostOf(allocations: readonly Allocation[]): Map<string, Map<string, Allocation>> {
  const jobs = new Map<string, Map<string, Allocation>>();
  for (const allocation of allocations) {
    const own = jobs.get(allocation.job) ?? new Map<string, Allocation>();
    jobs.set(allocation.job, own.set(allocation.host, allocation));
  }
  return jobs;
}

function byJobAndHost(a: Allocation, b: Allocation): number {
  return a.job === b.job ? compareHosts(a.host, b.host) : a.job < b.job ? -1 : 1;
}
