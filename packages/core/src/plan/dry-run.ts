import type { Bucket, RunReporter } from "../bucket/bucket.ts";
import type { Job } from "../domain/workspace/job.ts";
import { isTapped } from "../plugin-api/hooks.ts";
import { type CommandRun, openCommandRun } from "../run/command-run.ts";
import { Ledger } from "../run/ledger.ts";
import { scopedJobContext } from "../run/scope/scoped-job-context.ts";
import { KvOverlay } from "../store/kv/kv-overlay.ts";
import type { BeforeHooks } from "./plan-wave.ts";

/** What a dry run plans with. */
export interface DryRunState extends CommandRun {
  readonly ledger: Ledger;
  /** Present when the hooks before a plan were asked for. */
  readonly before: BeforeHooks | undefined;
}

/**
 * Opens what a dry run plans with. With `hooks`, what goes before the plan of each job is run, on top of the KV store:
 * planning sees what it wrote, and nothing of it is ever stored.
 */
export function openDryRun(bucket: Bucket, reporter: RunReporter, hooks: boolean): DryRunState {
  const { kv, mask, now } = bucket;
  const aside = new KvOverlay(kv, { now, onSecret: (value) => mask.add(value) });
  const source = openCommandRun(hooks ? { ...bucket, kv: aside } : bucket, reporter);
  const before = (job: Job) => bucket.hooks.before.promise(scopedJobContext(source, job));
  return Object.assign(source, { ledger: new Ledger(), before: hooks ? before : undefined });
}

/** Whether a deploy runs `pre_deploy` commands before it plans a job, which may change what it does. */
export function hasPreDeploy({ hooks }: Pick<Bucket, "hooks">, job: Job): boolean {
  return isTapped(hooks.before, job) && job.commands.some(({ executedOn }) => executedOn.includes("pre_deploy"));
}
