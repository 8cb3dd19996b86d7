import type { Bucket } from "../../bucket/bucket.ts";
import { NAMESPACE } from "../../domain/kv/kv-names.ts";
import type { Job } from "../../domain/workspace/job.ts";
import { isMaandError } from "../../errors.ts";
import { type Hider, hiderFor } from "../../plan/diffs/hide-secrets.ts";
import type { PlannedAllocation } from "../../plan/plan-job.ts";
import type { TreeFile } from "../../plugin-api/contexts.ts";
import { isTapped } from "../../plugin-api/tapping/tap-by-name.ts";
import { LARGEST_TEXT, textOf } from "../../remote/text.ts";
import type { KeptContent } from "../../store/content-rows.ts";
import type { WhenDue } from "../../store/pending-rows.ts";
import type { JobRollout } from "./job-rollout.ts";

/**
 * Records that these allocations run the planned version, in one transaction that also closes their journal rows. With
 * `check`, it also records that a health check follows. If this run is killed before the check, the next run carries it
 * out.
 */
export function promote(rollout: JobRollout, members: readonly PlannedAllocation[], check: WhenDue | undefined): void {
  const { run, job } = rollout;
  const { store, hooks } = run.bucket;
  const isChecked = check !== undefined && isTapped(hooks.verify, job);
  store.transaction(() => {
    markAfterDue(rollout);
    for (const member of members) {
      promoteOne(run, job, member);
      if (member.decision.action !== "sync") store.downtimes.seenBack([member.allocation.id]);
      if (isChecked) store.pendingHealth.set(member.allocation.id, check);
    }
  });
  for (const { allocation, decision } of members) if (decision.action !== "sync") run.settlements.settle(allocation.id);
}

/** Records that the job's `afterJob` hooks are due. If this run is killed before they run, the next run runs them. */
export function markAfterDue({ run, job }: JobRollout): void {
  if (isTapped(run.bucket.hooks.afterJob, job)) run.bucket.store.pendingAfter.set(job.name);
}

/**
 * A promotion without a lifecycle command does not close lifecycle rows, because it proves nothing about the process.
 */
function promoteOne(
  run: JobRollout["run"],
  job: Job,
  { allocation, target, tree, occasion, decision }: PlannedAllocation,
) {
  const { store, kv } = run.bucket;
  const before = run.recorded(allocation.id).promoted;
  const release = job.release === undefined ? {} : { release: { job: job.name, number: job.release } };
  store.promoted.promote(allocation.id, target, tree.files, { stopped: allocation.disabled, occasion, ...release });
  keepContents(run.bucket, job, allocation.host, tree.files);
  kv.put(NAMESPACE.allocation(job.name, allocation.host), "version", target.version);
  if (decision.action !== "sync") store.journal.settle(allocation.id);
  else if (before?.healthFailed) store.promoted.markHealth(allocation.id, true);
  run.ledger.note(job.name, allocation.host, decision.action, "ok", true);
}

/**
 * Stores the contents of promoted files for later diffs, each content once. Binary content and content larger than 1
 * MiB is not stored; its size and digest are in the file list. If a text contains secrets, they are removed and the
 * rest of the text is encrypted.
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

/**
 * A missing key must not prevent a promotion: without the key, the content is not stored, and later diffs do not show
 * it.
 */
function sealed({ key }: Pick<Bucket, "key">, hider: Hider, text: string): KeptContent | undefined {
  try {
    const hidden = hider(text);
    return hidden === undefined ? undefined : { bytes: Buffer.from(key.encrypt(hidden)), sealed: true };
  } catch (cause) {
    if (isMaandError(cause)) return undefined;
    throw cause;
  }
}
