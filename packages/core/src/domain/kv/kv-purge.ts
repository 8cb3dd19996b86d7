import type { Catalog } from "../workspace/catalog.ts";
import { purgedJobs } from "./kv-contents.ts";
import { NAMESPACE } from "./kv-names.ts";

/**
 * Namespaces of things that are no longer in the catalog: workers with their tags, jobs that left the workspace or lost
 * their last allocation, and single allocations.
 */
export function abandonedNamespaces(before: Catalog, next: Catalog): string[] {
  const hosts = gone(before.workers, next.workers, ({ host }) => host);
  const jobs = [...gone(before.jobs, next.jobs, ({ name }) => name), ...purgedJobs(next)];
  const placed = new Set(next.allocations.filter(({ removed }) => !removed).map(({ id }) => id));
  const left = before.allocations.filter(({ id, removed }) => !removed && !placed.has(id));
  return [
    ...hosts.flatMap((host) => [NAMESPACE.worker(host), NAMESPACE.tags(host)]),
    ...jobs.flatMap((job) => [NAMESPACE.job(job), NAMESPACE.overrides(job), NAMESPACE.members(job)]),
    ...left.map(({ job, host }) => NAMESPACE.allocation(job, host)),
  ];
}

/**
 * Jobs whose variables and secrets are no longer needed: they left the workspace, or lost their last allocation; disabled
 * allocations still count. `kept` are the jobs that have variables or secrets.
 */
export function abandonedJobs({ jobs, allocations }: Pick<Catalog, "jobs" | "allocations">, kept: string[]): string[] {
  const known = new Set(jobs.map(({ name }) => name));
  for (const job of purgedJobs({ jobs, allocations })) known.delete(job);
  for (const { job, removed } of allocations) if (!removed) known.add(job);
  return kept.filter((job) => !known.has(job));
}

function gone<T>(before: readonly T[], next: readonly T[], nameOf: (item: T) => string): string[] {
  const left = new Set(before.map(nameOf));
  for (const item of next) left.delete(nameOf(item));
  return [...left];
}
