import type { Run } from "../../run/run.ts";

/**
 * Makes the next deploy repair a worker that differs. The deploy then writes `worker.json` again. If the worker lost
 * its files, the deploy also syncs the files again and starts the jobs that ran from them.
 */
export function noteDifference(
  { bucket, catalog, recorded }: Pick<Run, "bucket" | "catalog" | "recorded">,
  host: string,
  lost: boolean,
): void {
  const { store } = bucket;
  store.transaction(() => {
    store.deliveries.begin(host);
    if (!lost) return;
    for (const { id } of catalog.allocations.filter((allocation) => allocation.host === host)) {
      const { staged, promoted, unsettled } = recorded(id);
      if (staged !== undefined) store.promoted.unstage(id);
      if (promoted && !promoted.stopped && unsettled?.kind !== "loss")
        store.journal.lose(id, bucket.now().toISOString());
    }
  });
}
