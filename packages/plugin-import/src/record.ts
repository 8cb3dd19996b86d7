import type { TreeFile } from "@maand/core";
import { keepContents, storedRoot, treeDigest } from "@maand/core/internal";
import type { ListedFile, Run } from "@maand/core/operator";
import { type Assessed, versionOf } from "./compare/assess.ts";
import type { ReadWorker } from "./compare/read-worker.ts";

/**
 * The metadata digest of an imported worker. It differs from every real digest, so a run that visits the worker
 * replaces the metadata. No run visits the worker only because of this.
 */
const OF_GO = "imported";

/** Records allocations as promoted, in their current state. Call this in a transaction. */
export function recordAllocation(run: Run, one: Assessed): void {
  const { allocation, job, compared, occasion, state } = one;
  const { store } = run.bucket;
  if (state.kind === "never deployed") return;
  const files = [...compared.baseline].sort((a, b) => (a.path < b.path ? -1 : 1));
  const target = { digest: treeDigest(files), version: versionOf(one) };
  const isRelease = job.release !== undefined && target.digest === one.target && target.version === job.version;
  const release = isRelease ? { release: { job: job.name, number: job.release } } : {};
  store.promoted.promote(allocation.id, target, files, { stopped: one.isStopped, occasion, ...release });
  store.promoted.unstage(allocation.id);
  store.promoted.stage(allocation.id, target.digest);
  if (one.target !== undefined)
    store.promoted.plan(allocation.id, { digest: one.target, source: treeDigest(job.files) });
  if (state.kind === "deployed" && state.deployed.healthFailed) store.promoted.markHealth(allocation.id, true);
  const own = new Set(job.files.map(({ hash }) => hash));
  const isKnown = (file: TreeFile | ListedFile): file is TreeFile => "content" in file || own.has(file.hash);
  keepContents(run.bucket, job, allocation.host, files.filter(isKnown));
}

/** Records the last sync to a worker, so that `maand job` accepts it. Call this in a transaction. */
export function recordDelivery(run: Run, { remote, updateSeq }: ReadWorker): void {
  const { bucket } = run;
  const { host, root } = remote;
  bucket.store.deliveries.begin(host, storedRoot(bucket, root));
  bucket.store.deliveries.finish(host, { seq: updateSeq, metadata: OF_GO, tools: undefined });
}
