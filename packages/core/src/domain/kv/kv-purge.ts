import type { Catalog } from "../workspace/catalog.ts";
import { type Placed, placedOf, withdrawnJobs } from "../workspace/placement/placed.ts";
import { NAMESPACE } from "./kv-names.ts";

/**
 * Namespaces of things that are no longer in the catalog: workers with their tags, jobs that were removed from the
 * workspace or lost their last allocation, and single allocations. Unchanged allocations may be missing from both
 * catalogs if `placed` contains them.
 */
export function abandonedNamespaces(
  before: Catalog,
  next: Catalog,
  placed: Placed = placedOf(next.allocations),
): string[] {
  const hosts = gone(before.workers, next.workers, ({ host }) => host);
  const withdrawn = withdrawnJobs(placed);
  const jobs = [
    ...gone(before.jobs, next.jobs, ({ name }) => name),
    ...next.jobs.map(({ name }) => name).filter((name) => withdrawn.has(name)),
  ];
  const were = before.allocations.filter(({ removed }) => !removed);
  const kept = new Set(were.length === 0 ? [] : next.allocations.filter(({ removed }) => !removed).map(({ id }) => id));
  const left = were.filter(({ id }) => !kept.has(id));
  return [
    ...hosts.flatMap((host) => [NAMESPACE.worker(host), NAMESPACE.tags(host)]),
    ...jobs.flatMap((job) => [NAMESPACE.job(job), NAMESPACE.overrides(job), NAMESPACE.members(job)]),
    ...left.map(({ job, host }) => NAMESPACE.allocation(job, host)),
  ];
}

/**
 * Jobs whose variables and secrets are no longer needed: they were removed from the workspace, or lost their last
 * allocation; disabled allocations still count. `kept` are the jobs that have variables or secrets.
 */
export function abandonedJobs({ jobs, allocations }: Pick<Catalog, "jobs" | "allocations">, kept: string[]): string[] {
  const known = new Set(jobs.map(({ name }) => name));
  for (const job of withdrawnJobs(placedOf(allocations))) known.delete(job);
  for (const { job, removed } of allocations) if (!removed) known.add(job);
  return kept.filter((job) => !known.has(job));
}

function gone<T>(before: readonly T[], next: readonly T[], nameOf: (item: T) => string): string[] {
  const left = new Set(before.map(nameOf));
  for (const item of next) left.delete(nameOf(item));
  return [...left];
}
