import { contentHash } from "../../domain/deploy/digest.ts";
import type { ExpectedFile } from "../../domain/drift/compare-files.ts";
import type { Job } from "../../domain/workspace/job.ts";
import { oldSide, shown, sideOf } from "../diffs/diff-plan.ts";
import { fileDiff, type Side } from "../diffs/file-diff.ts";
import { type Hider, hiderFor, showDots } from "../diffs/hide-secrets.ts";
import type { AllocationDrift, InspectSource } from "./inspect-worker.ts";

/**
 * Unified diffs by path of the files of an allocation that were changed or deleted on its worker: from the synced
 * content to the content on the worker. Secrets appear as dots on both sides.
 */
export async function driftDiffs(
  { bucket }: Pick<InspectSource, "bucket">,
  job: Job,
  { allocation, files, drift, contents }: AllocationDrift,
): Promise<ReadonlyMap<string, string>> {
  let hider: Hider | undefined;
  const hide: Hider = (text) => {
    hider ??= hiderFor(bucket, job, allocation.host);
    return hider(text);
  };
  const byName = new Map(files.map((file) => [file.path, file]));
  const diffs = new Map<string, string>();
  for (const { path, change } of drift) {
    const file = byName.get(path);
    if (!file || (change !== "changed" && change !== "missing")) continue;
    const before = oldSide(bucket, file, file.secret === true, hide);
    const after = change === "missing" ? undefined : thereSide(file, contents.get(path), hide);
    diffs.set(path, bucket.mask.text(showDots(await fileDiff(path, before, after))));
  }
  return diffs;
}

/** Someone may have pasted a secret into any file, so each file is searched for secrets. */
function thereSide(file: ExpectedFile, content: Uint8Array | undefined, hide: Hider): Side {
  if (!content) return { hash: "", size: undefined, file, content: { unseen: "large" } };
  const there = { ...file, hash: contentHash(content), size: content.byteLength };
  return sideOf(there, () => shown(content, true, file.secret === true ? hide : (text) => hide(text) ?? text));
}
