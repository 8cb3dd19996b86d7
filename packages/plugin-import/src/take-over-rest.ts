import { MaandError } from "@maand/core";
import { type BucketPaths, beginRun, deliveredRoot, type OpenedBucket, openBucketAt } from "@maand/core/internal";
import type { Run } from "@maand/core/operator";
import { compareAllocations, type Fleet } from "./compare/compare-fleet.ts";
import type { GoBucket } from "./go-store/go-bucket.ts";
import { GoStore } from "./go-store/go-store.ts";
import type { Imported } from "./imported.ts";
import type { ImportOptions } from "./options.ts";
import { type ImportPlace, keptStores } from "./place.ts";
import { recordAllocation, recordDelivery } from "./record.ts";
import { importedOf } from "./result.ts";

/**
 * Takes over the workers that were down when the bucket was imported: those with promoted allocations and without a
 * recorded sync. Reads their recorded state from the store of the Go program, which the import kept.
 */
export async function takeOverRest(
  { imported: paths }: ImportPlace,
  configured: BucketPaths,
  options: ImportOptions,
): Promise<Imported> {
  const bucket = await openBucketAt(paths, options, configured);
  try {
    const run = beginRun(bucket, "import", { adopts: options.dryRun === true }); // a dry run works on a private copy
    try {
      const hosts = hostsLeft(run);
      const go = hosts.size === 0 ? nothingOf(bucket) : readKept(paths, bucket.bucketId);
      const allocations = run.catalog.allocations.filter((one) => hosts.has(one.host) && !isDrained(run, one.id));
      const fleet = await compareAllocations(run, go, allocations);
      const result = await importedOf(run, go, fleet, [], options);
      const done = result.outcome === "refused" ? "refused" : "ok";
      bucket.store.transaction(() => {
        if (done === "ok") record(run, fleet);
        bucket.store.journal.finishRun(run.number, done, run.at());
      });
      return hosts.size === 0 ? { ...result, outcome: "nothing to do" } : result;
    } finally {
      await run.end();
    }
  } finally {
    await bucket.close();
  }
}

function hostsLeft(run: Run): Set<string> {
  const promoted = run.catalog.allocations.filter(({ id }) => run.recorded(id).promoted !== undefined);
  const hosts = new Set(promoted.map(({ host }) => host));
  for (const host of hosts) if (deliveredRoot(run.bucket, host) || run.delivery(host)) hosts.delete(host);
  return hosts;
}

/**
 * Whether an allocation is stopped for maintenance. A deploy may have promoted it since then, because this requires no
 * worker.
 */
function isDrained(run: Run, id: string): boolean {
  return run.recorded(id).promoted?.stopped === true;
}

/** Only workers that were read are recorded; the others stay unchanged. */
function record(run: Run, { assessed, read }: Fleet): void {
  for (const one of assessed) if (read.has(one.allocation.host)) recordAllocation(run, one);
  for (const worker of read.values()) recordDelivery(run, worker);
}

function nothingOf({ bucketId, store }: OpenedBucket): GoBucket {
  const updateSeq = store.bucket.read()?.updateSeq ?? 0;
  return {
    id: bucketId,
    updateSeq,
    workers: [],
    jobs: [],
    allocations: [],
    deployed: new Map(),
    prometheusFiles: new Map(),
    kv: [],
  };
}

function readKept(paths: BucketPaths, bucketId: string): GoBucket {
  for (const file of keptStores(paths)) {
    const kept = GoStore.open(file);
    kept.close();
    if (kept.bucket.id === bucketId) return kept.bucket;
  }
  throw new MaandError({
    code: "NOT_FOUND",
    message: `${paths.data} no longer contains the store of the Go program, which is needed for the remaining workers`,
    hint: "restore data/maand.go.db from a backup, or deploy, which syncs files to these workers and restarts their jobs",
  });
}
