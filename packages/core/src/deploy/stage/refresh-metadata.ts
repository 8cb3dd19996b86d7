import { asMaandError } from "../../bucket/error-outcome.ts";
import { metadataOf } from "../../plan/metadata.ts";
import type { WorkerLimit } from "../../plan/worker-limit.ts";
import type { Run } from "../../run/run.ts";
import type { Stager } from "./stage.ts";

/**
 * Updates `worker.json` and `jobs.json` where they differ from the recorded state, but only on workers that this run
 * reached or whose last sync is in doubt.
 */
export async function refreshMetadata(run: Run, stager: Stager, limit?: WorkerLimit): Promise<void> {
  run.refresh();
  const isInMaintenance = (host: string) => run.allocationsOn.get(host)?.some((one) => one.inMaintenance) ?? false;
  const stale = run.catalog.workers.filter((worker) => {
    const delivery = run.delivery(worker.host);
    if (delivery === undefined || stager.failed(worker.host) || isInMaintenance(worker.host)) return false;
    if (limit?.has(worker.host) === false) return false;
    const isReached = run.connections.reached(worker.host);
    return delivery.metadata === undefined || (isReached && delivery.metadata !== metadataOf(run, worker, 0).digest);
  });
  await Promise.all(
    stale.map((worker) =>
      stager.stageMetadata(worker).catch((cause: unknown) => {
        run.ledger.warn(`worker.json on ${worker.host} cannot be updated: ${asMaandError(cause).message}`);
      }),
    ),
  );
}
