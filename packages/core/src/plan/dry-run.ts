import type { Bucket, RunReporter } from "../bucket/bucket.ts";
import type { Job } from "../domain/workspace/job.ts";
import { isTapped } from "../plugin-api/hooks.ts";
import { type CommandRun, openCommandRun } from "../run/command-run.ts";
import { scopedJobContext } from "../run/scope/scoped-job-context.ts";
import { KvOverlay } from "../store/kv/kv-overlay.ts";

/** What a dry run plans with. */
export interface DryRunState extends CommandRun {
  /** Runs what comes before a job is planned, if that was asked for. Throws what failed. */
  before(job: Job): Promise<void>;
}

/**
 * Opens what a dry run plans with. With `hooks`, what goes before the plan of each job is run, on top of the KV store:
 * planning sees what it wrote, and nobody ever stores it (decision 6).
 */
export function planDryRun(bucket: Bucket, reporter: RunReporter, hooks: boolean): DryRunState {
  const { kv, mask, now } = bucket;
  const aside = new KvOverlay(kv, { now, onSecret: (value) => mask.add(value) });
  const source = openCommandRun(hooks ? { ...bucket, kv: aside } : bucket, reporter);
  return Object.assign(source, {
    async before(job: Job) {
      if (hooks) await bucket.hooks.before.promise(scopedJobContext(source, job));
    },
  });
}

/** Whether a deploy runs something before it plans a job, which may change what it does. */
export function runsFirst({ hooks }: Pick<Bucket, "hooks">, job: Job): boolean {
  return isTapped(hooks.before, job) && job.commands.some(({ executedOn }) => executedOn.includes("pre_deploy"));
}
