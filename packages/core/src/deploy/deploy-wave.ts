import pLimit from "p-limit";
import { stopIfInterrupted } from "../bucket/outcome.ts";
import type { LifecycleOptions } from "../domain/deploy/plan.ts";
import type { MaandError } from "../errors.ts";
import { isRequired, type PlannedAllocation, type PlannedJob } from "../plan/plan-job.ts";
import { planWave, type WaveJob } from "../plan/plan-wave.ts";
import type { Wave } from "../plan/waves.ts";
import type { Run } from "../run/run.ts";
import { scopedJobContext } from "../run/scope/scoped-job-context.ts";
import { noteRest, noteUnchanged } from "./note-allocations.ts";
import { refusalOf, rolloutChanges } from "./permission.ts";
import { type RevertOptions, rollOutOrRevert } from "./release/revert.ts";
import type { Stager } from "./stage/stage.ts";
import { retryStops } from "./stop-and-remove.ts";
import { storePlans } from "./store-plans.ts";

/** The options of a wave of a deploy. */
export interface WaveOptions extends LifecycleOptions, RevertOptions {
  /** The last wave goes first. */
  readonly reversed: boolean;
}

/** Deploys the jobs of one wave: plans them, asks for permission, syncs the files, and rolls the jobs out in parallel. */
export async function deployWave(run: Run, stager: Stager, wave: Wave, options: WaveOptions): Promise<void> {
  const { bucket, reporter } = run;
  stopIfInterrupted(bucket.signal);
  run.refresh();
  reporter.emit("wave.started", { deployment_seq: wave.deploymentSeq, jobs: wave.jobs.map(({ name }) => name) });
  const planned = await planWave(run, wave, options, {
    before: (job) => bucket.hooks.beforeJob.promise(scopedJobContext(run, job)),
    reversed: options.reversed,
  });
  storePlans(run, planned);
  const plans = setAsideUnready(run, planned);
  if (plans.length === 0) return;
  const refusal = await refusalOf(run, rolloutChanges(run, wave.deploymentSeq, plans));
  if (refusal) return failAll(run, plans, refusal);
  await stager.stageWave(plans);
  for (const plan of plans) await retryStops(run, plan);
  const jobsAtOnce = pLimit(bucket.settings.maxConcurrentJobs);
  await Promise.all(plans.map((plan) => jobsAtOnce(() => rollOutOrRevert(run, plan, options))));
}

/** Notes and reports the jobs that need nothing, are blocked or have already failed. Returns the remaining jobs. */
function setAsideUnready(run: Run, plans: readonly WaveJob[]): PlannedJob[] {
  return plans.flatMap((whole) => {
    const { name } = whole.job;
    if (whole.blockedBy !== undefined) run.reporter.emit("job.blocked", { job: name, by: whole.blockedBy });
    const plan = run.ledger.failedOnlyToStop(name) ? withoutStarts(run, whole) : whole;
    if (whole.blockedBy !== undefined || (run.ledger.failed(name) && plan === whole)) noteRest(run, whole);
    else if (plan === whole ? whole.required : isRequired(plan)) return [plan];
    else {
      noteUnchanged(run, plan);
      if (plan === whole)
        run.reporter.emit("job.skipped", { job: name, reason: "already promoted on all allocations" });
    }
    return [];
  });
}

/**
 * The plan without starts, which are noted as blocked: a removed allocation that could not be stopped may be on its way to
 * one of these workers, and must not run twice. What runs elsewhere is upgraded.
 */
function withoutStarts(run: Run, plan: WaveJob): PlannedJob {
  const isStart = ({ allocation, decision }: PlannedAllocation) => !allocation.disabled && decision.action === "start";
  noteRest(run, { ...plan, allocations: plan.allocations.filter(isStart) });
  return { ...plan, allocations: plan.allocations.filter((planned) => !isStart(planned)) };
}

function failAll(run: Run, plans: readonly PlannedJob[], cause: MaandError): void {
  for (const plan of plans) {
    run.ledger.failJob(plan.job.name, cause);
    noteRest(run, plan, cause);
  }
}
