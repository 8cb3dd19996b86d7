import { type Bucket, runReporter } from "../bucket/bucket.ts";
import { isTapped } from "../plugin-api/hooks.ts";
import { lockBucket } from "./run.ts";

/** Lets plugins make what a bucket needs from its start, as `maand init` does after {@link initBucket}. Throws BUSY. */
export async function prepareBucket(bucket: Bucket): Promise<void> {
  if (!isTapped(bucket.hooks.init)) return;
  const lock = lockBucket(bucket, "init");
  try {
    const context = runReporter(bucket, "init").context({});
    await bucket.hooks.init.promise(Object.freeze({ ...context, now: bucket.now }));
  } finally {
    lock.release();
  }
}
