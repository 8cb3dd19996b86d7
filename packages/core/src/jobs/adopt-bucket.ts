import type { Bucket } from "../bucket/bucket.ts";
import { asMaandError } from "../bucket/error-outcome.ts";
import { FENCE_FILE, type FoundFence, originText, readFence } from "../domain/fence/fence-record.ts";
import type { Worker } from "../domain/workspace/worker.ts";
import { noteDifference } from "../plan/drift/note-difference.ts";
import { atDelivery } from "../run/delivered-root.ts";
import { beginRun, type Run } from "../run/run.ts";

/** What `adopt` found on a worker. */
export interface AdoptedWorker {
  readonly host: string;
  /**
   * `own`: this copy of the bucket changed the worker last, or no copy has changed it. `taken`: another copy changed
   * the worker last, and the worker was taken over. `failed`: the worker could not be reached, or its record of the
   * last change is invalid.
   */
  readonly state: "own" | "taken" | "failed";
  /** For `taken`, the command of the other copy. For `failed`, the reason. Null for `own`. */
  readonly message: string | null;
}

/**
 * Makes this copy of the bucket the copy to deploy from: renews its identity, and takes over the workers that were last
 * changed from another copy. Changes nothing on the workers, because the next deploy updates them. `maand deploy
 * --verify` also finds the changes that the other copy made there. Workers that cannot be reached, or whose record of
 * the last change is invalid, are not taken over. Throws BUSY.
 */
export async function adoptBucket(bucket: Bucket): Promise<readonly AdoptedWorker[]> {
  const run = beginRun(bucket, "adopt", { adopts: true });
  let outcome = "failed";
  try {
    const found = await Promise.all(run.catalog.workers.map((worker) => lookAt(run, worker)));
    const records = found.flatMap(({ fence }) => (fence && "record" in fence ? [fence.record] : []));
    const { store } = bucket;
    store.transaction(() => {
      store.history.advance(run.fence.number, Math.max(0, ...records.map(({ number }) => number)));
      for (const { fence, adopted } of found) {
        if (adopted.state !== "taken" || !fence || "problem" in fence) continue;
        store.copyOf.adopt(fence.record.holder, originText(fence.record), run.at());
        noteDifference(run, adopted.host, false);
      }
    });
    outcome = found.every(({ adopted }) => adopted.state !== "failed") ? "ok" : "failed";
    return found.map(({ adopted }) => adopted);
  } finally {
    bucket.store.journal.finishRun(run.number, outcome, run.at());
    await run.end();
  }
}

interface Found {
  readonly fence: FoundFence;
  readonly adopted: AdoptedWorker;
}

async function lookAt(run: Run, worker: Worker): Promise<Found> {
  const { host } = worker;
  try {
    const remote = atDelivery(run.bucket, await run.connections.connect(worker));
    const { stdout } = await remote.probe(["cat", `${remote.root}/${FENCE_FILE}`], { asRoot: true });
    const fence = readFence(stdout);
    if (fence && "problem" in fence)
      return { fence, adopted: { host, state: "failed", message: `its file ${FENCE_FILE}: ${fence.problem}` } };
    const isOwn = !fence || run.bucket.store.history.knows(fence.record.holder);
    return isOwn
      ? { fence, adopted: { host, state: "own", message: null } }
      : { fence, adopted: { host, state: "taken", message: originText(fence.record) } };
  } catch (cause) {
    return { fence: undefined, adopted: { host, state: "failed", message: asMaandError(cause).message } };
  }
}
