import { randomUUID } from "node:crypto";
import { type BucketPaths, beginRun, findBucket, type OpenedBucket, openBucketAt, Store } from "@maand/core/internal";
import { kvKeyOf, type Run, stopIfInterrupted } from "@maand/core/operator";
import { buildImported } from "./build-imported.ts";
import { compareFleet, type Fleet } from "./compare/compare-fleet.ts";
import type { GoBucket } from "./go-store/go-bucket.ts";
import { GoStore, isGoStoreFile } from "./go-store/go-store.ts";
import type { Imported } from "./imported.ts";
import type { ImportOptions } from "./options.ts";
import { type ImportPlace, placeApart, placeBeside } from "./place.ts";
import { recordAllocation, recordDelivery } from "./record.ts";
import { importedOf } from "./result.ts";
import { takeOverRest } from "./take-over-rest.ts";
import { transfer } from "./transfer.ts";
import { verify } from "./verify.ts";

/**
 * Takes over a bucket of the Go program. The new store is built next to the old one, verified by a dry run, and then
 * replaces it atomically; an import that ends earlier leaves the old bucket unchanged. No lifecycle command runs. In a
 * bucket that was already imported, takes over the workers that were down at that time. Throws BUSY,
 * NOT_A_STORE, PROBLEMS, UNREACHABLE and the errors of a build.
 */
export async function importBucket(options: ImportOptions): Promise<Imported> {
  const paths = findBucket(options.from);
  const place = options.dryRun ? placeApart(paths) : placeBeside(paths);
  try {
    if (!isGoStoreFile(place.original)) return await takeOverRest(place, paths, options);
    return await importGoBucket(place, paths, options);
  } finally {
    place.end();
  }
}

async function importGoBucket(place: ImportPlace, paths: BucketPaths, options: ImportOptions): Promise<Imported> {
  const old = GoStore.open(place.original);
  try {
    place.begin();
    writeStore(place, old.bucket);
    const imported = await fillStore(place, paths, old.bucket, options);
    if (imported.outcome !== "imported") return imported;
    old.close();
    return { ...imported, keptStore: place.finish() };
  } finally {
    old.close();
  }
}

function writeStore({ paths }: ImportPlace, go: GoBucket): void {
  const store = Store.open(paths.store, { create: true });
  try {
    transfer(go, store, kvKeyOf(paths), randomUUID);
  } finally {
    store.close();
  }
}

/** Builds the workspace into the new store, compares the workers, records their files, and verifies the new store. */
async function fillStore(
  place: ImportPlace,
  configured: BucketPaths,
  go: GoBucket,
  options: ImportOptions,
): Promise<Imported> {
  const bucket = await openBucketAt(place.paths, options, configured);
  try {
    const { problems } = await buildImported(bucket);
    const run = beginRun(bucket, "import");
    try {
      const fleet = await compareFleet(run, go);
      const imported = await importedOf(run, go, fleet, problems, options);
      if (imported.outcome !== "refused") await record(bucket, run, fleet);
      return imported;
    } finally {
      await run.end();
    }
  } finally {
    await bucket.close();
  }
}

async function record(bucket: OpenedBucket, run: Run, { assessed, read }: Fleet): Promise<void> {
  stopIfInterrupted(bucket.signal);
  bucket.store.transaction(() => {
    for (const one of assessed) recordAllocation(run, one);
    for (const worker of read.values()) recordDelivery(run, worker);
    bucket.store.journal.finishRun(run.number, "ok", run.at());
  });
  await verify(bucket, assessed);
  stopIfInterrupted(bucket.signal);
}
