import type { Bucket, RunReporter } from "../bucket/bucket.ts";
import { NAMESPACE } from "../domain/kv/kv-names.ts";
import { demandedJobs, type Job } from "../domain/workspace/job.ts";
import { isMaandError } from "../errors.ts";
import { isTapped } from "../plugin-api/tapping/tap-by-name.ts";
import { type CommandRun, openCommandRun } from "../run/command-run.ts";
import { Ledger } from "../run/ledger.ts";
import { knownOf, lockBucket } from "../run/run.ts";
import { scopedJobContext } from "../run/scope/scoped-job-context.ts";
import { KvOverlay } from "../store/kv/kv-overlay.ts";
import type { DesiredState } from "./desired-state.ts";
import type { PlanningHooks } from "./plan-wave.ts";

/**
 * A job whose plan depends on values that its `pre_deploy` commands write. A deploy runs these commands; this dry run
 * did not.
 */
export interface UndecidedJob {
  readonly job: Job;
  /** The missing value, and where it is used. */
  readonly message: string;
}

/** The input of a dry run's planning. */
export interface DryRunState extends CommandRun {
  readonly ledger: Ledger;
  readonly hooks: PlanningHooks;
  readonly undecided: readonly UndecidedJob[];
}

/**
 * Opens the state that a dry run plans from: the store as it is now. It does not take the lock, so that a dry run works
 * while a deploy runs. With `withHooks`, the hooks that precede the plan of each job run under the lock, on an overlay
 * of the KV store. Planning sees their writes, which are never stored.
 */
export function openDryRun(
  bucket: Bucket,
  reporter: RunReporter,
  { withHooks, desired }: { readonly withHooks: boolean; readonly desired?: DesiredState | undefined },
): DryRunState {
  const lock = withHooks ? lockBucket(bucket, "deploy --dry-run") : undefined;
  const release = lock ? () => lock.release() : bucket.store.snapshot();
  bucket.states.discardWrites();
  try {
    return openState(bucket, reporter, { withHooks, release, desired });
  } catch (cause) {
    release();
    throw cause;
  }
}

interface StateOptions {
  readonly withHooks: boolean;
  readonly release: () => void;
  readonly desired: DesiredState | undefined;
}

function openState(bucket: Bucket, reporter: RunReporter, { withHooks, release, desired }: StateOptions): DryRunState {
  const kv = new WatchedKv(bucket.kv, { now: bucket.now, onSecret: (value) => bucket.mask.add(value) });
  desired?.publish(kv);
  const opened = openCommandRun({ ...bucket, kv }, reporter, withHooks ? {} : { pid: bucket.pid });
  const source = Object.assign(opened, desired ? knownOf(desired.catalog, bucket) : {});
  const undecided: UndecidedJob[] = [];
  const before = (job: Job) => bucket.hooks.beforeJob.promise(scopedJobContext(source, job));
  const isUndecided = (job: Job, cause: unknown) => {
    const writers = [job.name, ...demandedJobs(job)].flatMap((name) => source.jobs.get(name) ?? []);
    const isSetLater = writers.some((writer) => hasPreDeploy(bucket, writer) && kv.lacked(writer.name));
    if (!isSetLater || !isMissing(cause)) return false;
    undecided.push({ job, message: cause.message });
    return true;
  };
  const { end } = source;
  return Object.assign(source, {
    ledger: new Ledger(),
    hooks: withHooks ? { before } : { isUndecided },
    undecided,
    async end() {
      await end();
      release();
    },
  });
}

/** Whether a deploy runs `pre_deploy` commands before it plans a job. The commands can change the plan. */
export function hasPreDeploy({ hooks }: Pick<Bucket, "hooks">, job: Job): boolean {
  return isTapped(hooks.beforeJob, job) && job.commands.some(({ executedOn }) => executedOn.includes("pre_deploy"));
}

/** Whether a missing value caused an error, even if the error was wrapped. */
function isMissing(cause: unknown): cause is Error {
  for (let error = cause; error instanceof Error; error = error.cause)
    if (isMaandError(error) && error.code === "NOT_FOUND") return true;
  return false;
}

/** A KV store that records lookups of missing values. */
class WatchedKv extends KvOverlay {
  readonly #lacked = new Set<string>();

  override find(namespace: string, key: string): string | undefined {
    const value = super.find(namespace, key);
    if (value === undefined) this.#lacked.add(namespace);
    return value;
  }

  /** Whether planning looked up a missing value that commands of this job could write. */
  lacked(job: string): boolean {
    return this.#lacked.has(NAMESPACE.jobVars(job)) || this.#lacked.has(NAMESPACE.secrets(job));
  }
}
