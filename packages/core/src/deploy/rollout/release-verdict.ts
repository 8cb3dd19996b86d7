import { asMaandError } from "../../bucket/error-outcome.ts";
import type { ErrorCode } from "../../errors.ts";
import type { JobRollout } from "./job-rollout.ts";

/** Codes of failures that are caused by the release, not by a worker, the network or this machine. */
const OF_RELEASE: ReadonlySet<string> = new Set<ErrorCode>([
  ...(["COMMAND_FAILED", "TIMED_OUT", "UNHEALTHY", "JOB_COMMAND_FAILED", "HOOK_FAILED"] as const),
]);

/**
 * Whether an error is a failed lifecycle command, hook or health check of a release; a plugin may throw its own code.
 */
export function isOfRelease(cause: unknown): boolean {
  const { code, refused } = asMaandError(cause);
  return OF_RELEASE.has(code) || (code.includes("/") && !refused);
}

/** Records that the release is healthy on all active allocations of the job, if it is. */
export function confirmRelease({ run, job }: JobRollout): void {
  const { store } = run.bucket;
  if (job.release === undefined || run.ledger.failed(job.name)) return;
  store.releases.confirm(job.name, job.release, run.at());
}

/**
 * Records that a release is bad, if its rollout changed something and then failed because of it. A release that a
 * revert fails to restore was good before, so it is not marked.
 */
export function markBad({ run, job, rounds }: JobRollout, cause: unknown): void {
  if (job.release === undefined || rounds.length === 0 || run.cause === "revert" || !isOfRelease(cause)) return;
  const { mask, store } = run.bucket;
  store.releases.markBad(job.name, job.release, mask.text(asMaandError(cause).message));
}
