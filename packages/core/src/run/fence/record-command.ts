import { hostname } from "node:os";
import type { Bucket } from "../../bucket/bucket.ts";
import { userName } from "../../workspace/authorship.ts";

/** A command that changed the store, but no worker. */
export interface StoredCommandRecord {
  readonly command: string;
  readonly startedAt: Date;
  /** The id of its run, as in the logs. */
  readonly id?: string;
  /** The commit that it read; default: the commit of the last build. */
  readonly commit?: string | null;
  readonly jobs?: readonly string[];
}

/**
 * Adds a command that succeeded to the history; returns its number. Call it in the transaction that stores its work.
 */
export function recordCommand(bucket: Bucket, { command, startedAt, id, commit, jobs }: StoredCommandRecord): number {
  const { store, paths, now } = bucket;
  const place = { user: userName(), machine: hostname(), path: paths.root };
  return store.transaction(() => {
    const { number } = store.history.begin({ command, ...place, at: startedAt.toISOString() });
    if (id !== undefined) store.history.name(number, id);
    if (commit !== undefined) store.history.setCommit(number, commit);
    if (jobs !== undefined) store.history.touch(number, { jobs, workers: [] });
    store.history.finish(number, "ok", now().toISOString());
    return number;
  });
}
