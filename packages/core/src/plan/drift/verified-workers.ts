import type { Worker } from "../../domain/workspace/worker.ts";
import type { Run } from "../../run/run.ts";
import type { WorkerLimit } from "../worker-limit.ts";

/** The workers that have allocations of these jobs and that the deploy may touch, in the order of the catalog. */
export function workersOf(
  { catalog, allocationsOf }: Pick<Run, "catalog" | "allocationsOf">,
  jobs: readonly string[],
  limit: WorkerLimit | undefined,
): Worker[] {
  const hosts = new Set(jobs.flatMap((job) => (allocationsOf.get(job) ?? []).map(({ host }) => host)));
  return catalog.workers.filter(({ host }) => hosts.has(host) && limit?.has(host) !== false);
}
