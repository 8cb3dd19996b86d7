import type { DriftReport } from "../drift/drift.ts";
import type { PendingChange } from "../drift/pending-changes.ts";
import { expositionText, type Gauge, seconds, single } from "./exposition.ts";

/** The metrics of `maand drift`. */
export function driftMetrics({ workers, pending }: DriftReport, now: Date): string {
  const inspected = workers.filter(({ problem }) => !problem);
  return expositionText([
    {
      name: "maand_worker_inspected",
      help: "Whether the files on the worker could be inspected.",
      values: workers.map(({ host, problem }) => ({ labels: { worker: host }, value: problem ? 0 : 1 })),
    },
    {
      name: "maand_worker_drifted",
      help: "Whether anything on the worker differs from what was promoted; absent if it could not be inspected.",
      values: inspected.map(({ host, state }) => ({ labels: { worker: host }, value: state === "drifted" ? 1 : 0 })),
    },
    {
      name: "maand_drifted_files",
      help: "Files of the job on the worker that differ from what was promoted.",
      values: inspected.flatMap(({ host, jobs }) =>
        jobs
          .filter(({ state }) => state !== "not_compared")
          .map(({ job, files }) => ({ labels: { job, worker: host }, value: files.length })),
      ),
    },
    pendingGauge("maand_drift_pending_changes", pending),
    single("maand_drift_last_run_timestamp_seconds", "When maand drift last ran.", seconds(now)),
  ]);
}

/**
 * Changes by job that a deploy would make. Each file uses another metric name, because node_exporter refuses a series
 * in two files.
 */
export function pendingGauge(name: string, pending: readonly Pick<PendingChange, "job">[]): Gauge {
  const counts = new Map<string, number>();
  for (const { job } of pending) counts.set(job, (counts.get(job) ?? 0) + 1);
  return {
    name,
    help: "Allocations of the job that the next deploy would change; absent if none.",
    values: [...counts].map(([job, value]) => ({ labels: { job }, value })),
  };
}
