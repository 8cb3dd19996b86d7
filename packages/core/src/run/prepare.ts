import { type Maand, runFrame } from "../bucket/bucket.ts";
import { isTapped } from "../plugin-api/hooks.ts";
import { lockBucket } from "./run.ts";

/** Lets plugins make what a bucket needs from its start, as `maand init` does after {@link initBucket}. Throws BUSY. */
export async function prepareBucket(maand: Maand): Promise<void> {
  if (!isTapped(maand.hooks.init)) return;
  const lock = lockBucket(maand, "init");
  try {
    const context = runFrame(maand, "init").context({});
    await maand.hooks.init.promise(Object.freeze({ ...context, now: maand.now }));
  } finally {
    lock.release();
  }
}
