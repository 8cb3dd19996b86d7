import type { Store } from "@maand/core/readonly";
import { certificates } from "../certificates/certificates.ts";
import type { BucketStatus, StatusUnit } from "../status/bucket-status.ts";
import { pendingGauge } from "./drift-metrics.ts";
import { expositionText, type Gauge, seconds, single } from "./exposition.ts";

/** Settings for reading when certificates expire, without checking whether a build would renew them. */
const NO_RENEWAL = { ttlDays: 0, bufferDays: 0 };

/** The metrics of `maand status`. */
export function statusMetrics(store: Store, status: BucketStatus, now: Date): string {
  const { pending, inDoubt, unhealthy, drained, leftBehind, lastRun } = status;
  const hosts = store.catalog.read().workers.map(({ host }) => host);
  const behind = new Map(leftBehind.map(({ host, since }) => [host, Date.parse(since)]));
  const isDrained = new Set(drained);
  return expositionText([
    pendingGauge("maand_pending_changes", pending),
    counted("maand_in_doubt_allocations", "Allocations of the job whose last command has an unknown result.", inDoubt),
    counted("maand_unhealthy_allocations", "Allocations of the job whose last health check failed.", unhealthy),
    {
      name: "maand_worker_drained",
      help: "Whether all allocations of the worker are disabled.",
      values: hosts.map((worker) => ({ labels: { worker }, value: isDrained.has(worker) ? 1 : 0 })),
    },
    {
      name: "maand_worker_left_behind_seconds",
      help: "For how long deploys could not reach the worker; 0 if it is up to date.",
      values: hosts.map((worker) => ({
        labels: { worker },
        value: Math.max(0, Math.floor((now.getTime() - (behind.get(worker) ?? now.getTime())) / 1000)),
      })),
    },
    {
      name: "maand_certificate_expiry_timestamp_seconds",
      help: "When the certificate expires.",
      values: certificates(store, { now, ...NO_RENEWAL }).flatMap(({ job, worker, cert, notAfter }) =>
        notAfter === null
          ? []
          : [{ labels: { job: job ?? "", worker: worker ?? "", certificate: cert }, value: seconds(notAfter) }],
      ),
    },
    ...(lastRun
      ? [
          single("maand_last_run_timestamp_seconds", "When the last run began.", seconds(new Date(lastRun.startedAt))),
          single("maand_last_run_succeeded", "Whether the last run succeeded.", lastRun.outcome === "ok" ? 1 : 0),
        ]
      : []),
    single("maand_status_last_run_timestamp_seconds", "When maand status last ran.", seconds(now)),
  ]);
}

function counted(name: string, help: string, units: readonly StatusUnit[]): Gauge {
  const counts = new Map<string, number>();
  for (const { job } of units) counts.set(job, (counts.get(job) ?? 0) + 1);
  return {
    name,
    help: `${help} Absent if none.`,
    values: [...counts].map(([job, value]) => ({ labels: { job }, value })),
  };
}
