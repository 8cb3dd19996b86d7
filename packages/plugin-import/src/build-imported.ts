import { type Bucket, type Built, buildCatalog, type Contributions } from "@maand/core/internal";
import { CERTS, lockBucket, runReporter } from "@maand/core/operator";

/**
 * Builds the workspace into a store that was just imported. No hook of a job runs, and certificates of allocations
 * stay unchanged, even if they are due for renewal; the next build renews them.
 */
export async function buildImported(bucket: Bucket): Promise<Built> {
  const lock = lockBucket(bucket, "import");
  try {
    return await buildCatalog(bucket, runReporter(bucket, "import"), {}, (contributed) =>
      keepStored(bucket, contributed),
    );
  } finally {
    lock.release();
  }
}

const ALLOCATION = /^maand\/job\/[^/]+\/worker\/[^/]+$/;

function keepStored({ kv }: Pick<Bucket, "kv">, contributed: Contributions): Contributions {
  return new Map(
    [...contributed].map(([namespace, { entries, owns }]) => {
      if (!ALLOCATION.test(namespace)) return [namespace, { entries, owns }];
      const kept = [...entries].map(([key, value]): [string, string] => [
        key,
        key.startsWith(CERTS) ? (kv.find(namespace, key) ?? value) : value,
      ]);
      return [namespace, { entries: new Map(kept), owns }];
    }),
  );
}
