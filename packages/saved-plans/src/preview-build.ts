import type { Problem } from "@maand/core";
import { buildCatalog, createHooks, Kv, type OpenedBucket, runReporter } from "@maand/core/internal";

/** The bucket after a build of a workspace, in memory. Close it when done. */
export interface PreviewedBuild {
  readonly bucket: OpenedBucket;
  /** Warnings only; errors are thrown. */
  readonly problems: readonly Problem[];
  close(): void;
}

/**
 * Builds a workspace into a copy of the bucket in memory. Nothing reaches the store, the secrets or the logs of the bucket, and
 * no command of a job runs. Throws PROBLEMS if the workspace is refused.
 */
export async function previewBuild(bucket: OpenedBucket, workspace: string): Promise<PreviewedBuild> {
  bucket.states.discardWrites();
  const store = bucket.store.copy();
  const isElsewhere = workspace !== bucket.paths.workspace;
  const kv = new Kv({ rows: store.kv, key: bucket.key, now: bucket.now, onSecret: (value) => bucket.mask.add(value) });
  const copy: OpenedBucket = {
    ...bucket,
    store,
    kv,
    paths: { ...bucket.paths, workspace },
    hooks: { ...bucket.hooks, event: createHooks().event }, // events would go to the logs
  };
  try {
    if (isElsewhere) store.catalog.forgetTimes();
    const { problems } = await buildCatalog(copy, runReporter(copy, "build"), { isPreview: true });
    return { bucket: copy, problems, close: () => store.close() };
  } catch (cause) {
    store.close();
    throw cause;
  }
}
