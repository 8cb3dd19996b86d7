import type { HostKey, MaandError } from "@maand/core";
import { type Bucket, selectWorkers } from "@maand/core/internal";
import { asMaandError, runReporter, unlessInterrupted } from "@maand/core/operator";
import pLimit from "p-limit";

/** The host key of one worker; neither field is set for a worker that is reached without host keys. */
export interface TrustReport {
  readonly host: string;
  readonly key?: HostKey;
  /** Why the key could not be fetched. */
  readonly failure?: MaandError;
}

/** The number of workers whose keys are fetched in parallel. */
const AT_ONCE = 32;

/**
 * Fetches the host keys of workers without logging in. If `words` is empty, fetches the keys of all workers in the
 * catalog. Pins no key: a key is pinned by its `trust` function.
 */
export async function workerKeys(bucket: Bucket, words: readonly string[]): Promise<readonly TrustReport[]> {
  const { workers } = bucket.store.catalog.read();
  const chosen = words.length === 0 ? workers : selectWorkers(workers, "--workers", words).map(({ worker }) => worker);
  const reporter = runReporter(bucket, "worker trust");
  const limit = pLimit(AT_ONCE);
  const keysOf = async (worker: (typeof workers)[number]): Promise<TrustReport> => {
    try {
      const context = Object.freeze({ ...reporter.context({ worker: worker.host }), worker });
      const key = await unlessInterrupted(bucket.hooks.identify.promise(context), bucket.signal);
      return { host: worker.host, ...(key && { key }) };
    } catch (cause) {
      const failure = asMaandError(cause);
      if (failure.code === "INTERRUPTED") throw cause;
      return { host: worker.host, failure };
    }
  };
  return Promise.all(chosen.map((worker) => limit(() => keysOf(worker))));
}
