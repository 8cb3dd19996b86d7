import { rolloutOrder } from "../../domain/deploy/batches.ts";
import { NAMESPACE } from "../../domain/kv/kv-names.ts";
import type { Job } from "../../domain/workspace/job.ts";
import type { Run } from "../../run/run.ts";

/** The order a job's active allocations go in: the one in the KV store if it can be used, else the catalog's (deploy.md 1.10). */
export function rolloutOrderOf(run: Pick<Run, "bucket" | "allocationsOf">, job: Job): ReturnType<typeof rolloutOrder> {
  const active = (run.allocationsOf.get(job.name) ?? []).filter(({ disabled }) => !disabled).map(({ host }) => host);
  return rolloutOrder(active, run.bucket.kv.find(NAMESPACE.job(job.name), "rollout_order"));
}

/** Says why an order in the KV store is not followed. */
export function warnOfOrder(run: Pick<Run, "bucket" | "allocationsOf" | "reporter">, job: Job): void {
  const { problem } = rolloutOrderOf(run, job);
  if (problem === undefined) return;
  run.reporter.emit("warning", {
    code: "invalid_rollout_order",
    message: `the rollout_order of ${job.name} is not followed: ${problem}; the order of the workers is`,
    job: job.name,
    worker: null,
  });
}
