import type { LimitFunction } from "p-limit";
import { asMaandError } from "../../bucket/error-outcome.ts";
import { changedReleases } from "../../build/change-releases.ts";
import { releaseName } from "../../domain/release/release.ts";
import { type ChangedBy, type RevertTarget, revertTarget } from "../../domain/release/revert-target.ts";
import type { Job } from "../../domain/workspace/job.ts";
import { MaandError } from "../../errors.ts";
import type { PlannedAllocation, PlannedJob } from "../../plan/plan-job.ts";
import { pendingOf, planJob } from "../../plan/plan-job.ts";
import type { Run } from "../../run/run.ts";
import type { Summary } from "../../run-result.ts";
import { userName } from "../../workspace/authorship.ts";
import type { StepActions } from "../rollout/in-steps.ts";
import type { JobRollout } from "../rollout/job-rollout.ts";
import { isOfRelease } from "../rollout/release-verdict.ts";
import { rollOut } from "../rollout/roll-out.ts";
import { Stager } from "../stage/stage.ts";
import { stopEntries } from "../stop-and-remove.ts";
import { storePlans } from "../store-plans.ts";
import { revertRun, runningText } from "./revert-run.ts";

/** How a deploy deals with failed rollouts. */
export interface RevertOptions {
  /** Overrides `on_failure` of the manifests. */
  readonly revert?: boolean | undefined;
  /** Limits the reverts of all jobs to one at a time. */
  readonly oneRevert: LimitFunction;
  /** Syncs the files for a step of a staged rollout. */
  readonly stage: StepActions["stage"];
}

/**
 * Rolls out one job. If the release makes the rollout fail, and the manifest or the command line enables reverts, the
 * allocations that the rollout changed are restored to what ran before, and the release is held. If the job's
 * `revert_scope` is `batch`, only the allocations of the failed batch are restored.
 */
export async function rollOutOrRevert(run: Run, plan: PlannedJob, options: RevertOptions): Promise<void> {
  const { rollout, failure } = await rollOut(run, plan, { isWhole: true, stage: options.stage });
  if (!failure) return;
  const target = targetOf(rollout, failure.cause, options);
  if (target.kind !== "none") await options.oneRevert(() => revert(rollout, target, failure.cause));
}

/**
 * The release to go back to after the failed rollout. A rollback is not reverted, because that would restore the
 * release that the rollback replaced.
 */
function targetOf(rollout: JobRollout, cause: unknown, { revert }: RevertOptions): RevertTarget {
  const { run, job } = rollout;
  const touched = touchedBy(rollout);
  const isEnabled = revert ?? job.onFailure === "revert";
  if (!isEnabled || run.cause || run.bucket.signal.aborted || job.release === undefined || touched.length === 0)
    return NOTHING;
  if (!isOfRelease(cause)) return NOTHING;
  const changed = touched.map(({ allocation }): ChangedBy => {
    const { promoted } = run.recorded(allocation.id);
    return { ran: promoted !== undefined, release: promoted?.release };
  });
  const before = run.bucket.store.rollouts.find(job.name)?.previous;
  const all = before === undefined ? changed : [...changed, { ran: true, release: before }];
  return revertTarget(job.release, all, run.bucket.store.releases.of(job.name));
}

/** What the rollout has changed or might have changed, in the order of its rounds. */
function touchedBy({ rounds }: JobRollout): PlannedAllocation[] {
  return rounds.flat();
}

const NOTHING: RevertTarget = { kind: "none" };

/**
 * Carries out a revert. It first stores the earlier release as the desired state, together with the hold, so that the
 * next deploy continues if this run is killed. Then it plans and rolls out that state in the usual way, starting with
 * the allocations that were changed last.
 */
async function revert(rollout: JobRollout, target: RevertTarget, cause: unknown): Promise<void> {
  const { run, job } = rollout;
  const began = run.bucket.now().getTime();
  const to = target.kind === "release" ? releaseName(target.number) : null;
  const workers = [...new Set(touchedBy(rollout).map(({ allocation }) => allocation.host))];
  const from = releaseName(job.release ?? 0);
  const { message: reason } = asMaandError(cause);
  run.reporter.emit("revert.started", { job: job.name, from, to, workers, reason });
  const failure = await goBack(rollout, target, reason).then(
    () => undefined,
    (thrown: unknown) => asMaandError(thrown),
  );
  const interrupted = failure?.code === "INTERRUPTED";
  if (interrupted) run.ledger.interrupt();
  const outcome = failure ? "revert_failed" : "reverted";
  run.ledger.noteRevert(job.name, outcome);
  const message = failure ? `${failure.message}; ${runningText(run, job)}` : null;
  const duration_ms = run.bucket.now().getTime() - began;
  run.reporter.emit("revert.finished", { job: job.name, from, to, outcome, message, duration_ms });
  if (failure && !interrupted) run.ledger.failJob(job.name, revertFailed(job, to, message ?? "", failure));
}

function revertFailed({ name }: Job, to: string | null, message: string, { output, cause }: MaandError): MaandError {
  return new MaandError({
    code: "REVERT_FAILED",
    message: `the revert of ${name}${to === null ? "" : ` to ${to}`} failed: ${message}`,
    hint: "fix the cause, then run maand deploy to continue the revert",
    output,
    cause,
  });
}

async function goBack(rollout: JobRollout, target: RevertTarget, reason: string): Promise<void> {
  const { run, job } = rollout;
  const { bucket } = run;
  if (target.kind !== "starts") {
    const release = target.kind === "release" ? target.number : undefined;
    const change = await changedReleases(bucket, [{ job: job.name, release, kind: "revert", reason }], userName());
    change.store();
    run.adopt(change.catalog);
  }
  const back = revertRun(run, job.name);
  const started = touchedBy(rollout).filter(({ allocation }) => run.recorded(allocation.id).promoted === undefined);
  await stopStarted(back, job, started);
  if (target.kind === "release") await rollBack(back, rollout, new Set(started.map(({ allocation }) => allocation.id)));
  const summary = back.ledger.summary();
  run.ledger.takeReverted(job.name, { summary });
  if (summary.outcome === "interrupted") throw new MaandError({ code: "INTERRUPTED", message: "interrupted" });
  const failure = failureIn(summary);
  if (failure) throw failure;
}

/** The first failure in a revert. */
function failureIn({ failures, allocations }: Summary): MaandError | undefined {
  const [failure] = failures;
  if (failure) return new MaandError(failure);
  const wrong = allocations.find(({ outcome }) => outcome !== "ok" && outcome !== "skipped");
  if (!wrong) return undefined;
  const { job, host, action, message = `${action} of ${job} on ${host} failed`, output = [] } = wrong;
  return new MaandError({ code: "COMMAND_FAILED", message, output, worker: host });
}

/**
 * Stops the allocations that this run started for the first time. They were never promoted, so no record of them
 * remains afterwards.
 */
async function stopStarted(back: Run, job: Job, started: readonly PlannedAllocation[]): Promise<void> {
  const entries = started.map(({ allocation }) => ({
    ...{ allocation, job, stop: true, notify: false, remove: false },
    reason: "its first start failed",
  }));
  await stopEntries(back, entries);
  const stopped = started.filter(({ allocation }) => back.ledger.isDone(job.name, allocation.host));
  back.bucket.store.transaction(() => {
    for (const { allocation } of stopped) back.bucket.store.promoted.forget(allocation.id);
  });
}

/** Plans the restored release, and rolls it out where the failed rollout changed something. */
async function rollBack(back: Run, rollout: JobRollout, started: ReadonlySet<string>): Promise<void> {
  const job = back.jobs.get(rollout.job.name);
  if (!job) return;
  const whole = await planJob(back, job, { force: false, syncOnly: false }, pendingOf(back.bucket));
  const scope = scopeOf(rollout);
  const allocations = whole.allocations.filter(
    ({ allocation, decision }) =>
      !started.has(allocation.id) && (decision.action === "sync" || scope.has(allocation.id)),
  );
  const plan = { ...whole, allocations };
  storePlans(back, [whole]);
  const stager = new Stager(back);
  await stager.stageWave([plan]);
  const hostsFirst = touchedBy(rollout)
    .reverse()
    .map(({ allocation }) => allocation.host);
  const isWhole = rollout.job.revertScope !== "batch";
  await rollOut(back, plan, { hostsFirst, isWhole });
  for (const warning of stager.warnings()) rollout.run.ledger.warn(warning);
}

/**
 * The allocations to revert: either those of the failed batch, or all that this rollout changed and all others that run
 * the release, because an earlier, killed run might have changed those. If the release was good before, the others keep
 * it.
 */
function scopeOf(rollout: JobRollout): ReadonlySet<string> {
  const { run, job, rounds, plan } = rollout;
  if (job.revertScope === "batch") return new Set(rounds.at(-1)?.map(({ allocation }) => allocation.id));
  const wasGood = run.bucket.store.releases.find(job.name, job.release ?? 0)?.goodAt !== undefined;
  const others = plan.allocations.filter(
    ({ allocation }) => !wasGood && run.recorded(allocation.id).promoted?.release === job.release,
  );
  return new Set([...touchedBy(rollout), ...others].map(({ allocation }) => allocation.id));
}
