import type { Bucket } from "../../bucket/bucket.ts";
import type { Job } from "../../domain/workspace/job.ts";
import { isMaandError } from "../../errors.ts";
import { type Hider, hiderFor } from "../../plan/hide-secrets.ts";
import type { TreeFile } from "../../plugin-api/contexts.ts";
import { LARGEST_TEXT, textOf } from "../../remote/text.ts";
import type { KeptContent } from "../../store/content-rows.ts";

/**
 * Keeps what a later diff will need of promoted files, each content once; part of the transaction that promotes them
 * (decision 26b). Of what is binary or larger than 1 MiB nothing is kept: its size and digest are in the file list. Where a
 * secret went in, the text is kept without it and encrypted besides.
 */
export function keepContents(
  bucket: Pick<Bucket, "store" | "kv" | "key">,
  job: Job,
  host: string,
  files: readonly TreeFile[],
): void {
  const { contents } = bucket.store;
  let hider: Hider | undefined;
  for (const { hash, size, content, secret } of files) {
    if (size > LARGEST_TEXT) continue;
    contents.keep(hash, () => {
      const bytes = content ?? contents.read(hash);
      const text = textOf(bytes);
      if (text === undefined) return undefined;
      if (secret !== true) return { bytes, sealed: false };
      hider ??= hiderFor(bucket, job, host);
      return sealed(bucket, hider, text);
    });
  }
}

/** A promotion is worth more than a diff of it: without the key, nothing is kept. */
function sealed({ key }: Pick<Bucket, "key">, hider: Hider, text: string): KeptContent | undefined {
  try {
    const hidden = hider(text);
    return hidden === undefined ? undefined : { bytes: Buffer.from(key.encrypt(hidden)), sealed: true };
  } catch (cause) {
    if (isMaandError(cause)) return undefined;
    throw cause;
  }
}
