import { existsSync, writeFileSync } from "node:fs";
import { type Bucket, runReporter } from "../bucket/bucket.ts";
import { confText } from "../config/conf-text.ts";
import { isTapped } from "../plugin-api/hooks.ts";
import { schemaFile } from "../workspace/schema-places.ts";
import { lockBucket } from "./run.ts";

/**
 * Makes what a bucket needs from its plugins, as `maand init` does after `initBucket`: a `maand.conf` with their keys, if there
 * is none, and whatever taps of `init` make. Throws BUSY.
 */
export async function prepareBucket(bucket: Bucket): Promise<void> {
  const { paths, plugins, hooks, now } = bucket;
  const declared = plugins.flatMap(({ settings }) => settings ?? []);
  if (!existsSync(paths.conf))
    writeFileSync(paths.conf, confText(`./${schemaFile("config")}`, declared), { mode: 0o644 });
  if (!isTapped(hooks.init)) return;
  const lock = lockBucket(bucket, "init");
  try {
    const context = runReporter(bucket, "init").context({});
    await hooks.init.promise(Object.freeze({ ...context, now }));
  } finally {
    lock.release();
  }
}
