import { existsSync } from "node:fs";
import { type Bucket, runReporter } from "../bucket/bucket.ts";
import { confText, NEW_BUCKET } from "../config/conf-text.ts";
import { isTapped } from "../plugin-api/tapping/tap-by-name.ts";
import { schemaFile } from "../workspace/schema-places.ts";
import { createFile } from "../workspace/write-files.ts";
import { lockBucket } from "./run.ts";

/**
 * Creates the files that a bucket needs from its plugins, as `maand init` does after `initBucket`: a `maand.conf` with
 * their keys, unless one exists, and the files of the `init` taps. A new bucket (`created`) gets safer settings.
 * Returns the files that the taps wrote. Throws BUSY.
 */
export async function prepareBucket(
  bucket: Bucket,
  { created }: { readonly created: boolean },
): Promise<readonly string[]> {
  const { paths, plugins, hooks, now } = bucket;
  if (!existsSync(paths.conf)) {
    const declared = plugins.flatMap(({ settings }) => settings ?? []);
    const text = confText(`./${schemaFile("config")}`, declared, created ? NEW_BUCKET : {});
    createFile(paths.conf, text);
  }
  if (!isTapped(hooks.init)) return [];
  const written: string[] = [];
  const lock = lockBucket(bucket, "init");
  try {
    const context = runReporter(bucket, "init").context({});
    await hooks.init.promise(
      Object.freeze({ ...context, now, plugins, wrote: (file: string) => void written.push(file) }),
    );
    return written;
  } finally {
    lock.release();
  }
}
