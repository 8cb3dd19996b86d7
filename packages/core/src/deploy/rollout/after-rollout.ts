import { stopIfInterrupted } from "../../bucket/outcome.ts";
import type { Job } from "../../domain/workspace/job.ts";
import { isTapped } from "../../plugin-api/hooks.ts";
import type { Run } from "../../run/run.ts";
import { scopedJobContext } from "../../run/scope/scoped-job-context.ts";

/** Durable before the first lifecycle command, so that a died run's `after` hooks are made up for (deploy.md 1.10). */
export function markAfter(run: Run, job: Job): void {
  if (isTapped(run.bucket.hooks.after, job)) run.bucket.store.pendingAfter.set(job.name);
}

/** Runs what comes after a job's rollout; only its success takes the mark away. */
export async function runAfter(run: Run, job: Job): Promise<void> {
  const { hooks, store } = run.bucket;
  stopIfInterrupted(run.bucket.signal);
  await hooks.after.promise(scopedJobContext(run, job));
  store.pendingAfter.clear(job.name);
}
