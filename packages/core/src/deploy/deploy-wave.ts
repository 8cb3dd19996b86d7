import pLimit from "p-limit";
import { stopIfInterrupted } from "../bucket/outcome.ts";
import type { LifecycleOptions } from "../domain/deploy/plan.ts";
import type { MaandError } from "../errors.ts";
import type { PlannedJob } from "../plan/plan-job.ts";
import { planWave, type WaveJob } from "../plan/plan-wave.ts";
import type { PlanApproval } from "../plan/saved/approval.ts";
import type { Wave } from "../plan/waves.ts";
import type { Run } from "../run/run.ts";
import { scopedJobContext } from "../run/scope/scoped-job-context.ts";
import { noteRest, noteUnchanged } from "./note-allocations.ts";
import { refusalOf, rolloutChanges } from "./permission.ts";
import { type RevertOptions, rollOutOrRevert } from "./release/revert.ts";
import { besideSteps, warnReplaced } from "./rollout/in-steps.ts";
import type { Stager } from "./stage/stage.ts";
import { retryStops } from "./stop-and-remove.ts";
import { storePlans } from "./store-plans.ts";

/** The options of a wave of a deploy. */
export interface WaveOptions extends LifecycleOptions, Omit<RevertOptions, "stage"> {
  /** The last wave goes first. */
  readonly reversed: boolean;
  /** The saved plan that the run carries out. */
  readonly approval: PlanApproval | undefined;
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
    approval: options.approval,
  });
  storePlans(run, planned);
  const plans = setAsideUnready(run, planned);
  if (plans.length === 0) return;
  closeReplaced(run, plans);
  const changing = plans.filter(({ required }) => required);
  const changes = rolloutChanges(run, wave.deploymentSeq, changing);
  const refusal = changing.length > 0 ? await refusalOf(run, changes) : undefined;
  if (refusal) return failAll(run, plans, refusal);
  await stager.stageWave(plans.map(besideSteps));
  for (const plan of plans) await retryStops(run, plan);
  const stage = (plan: PlannedJob) => stager.stageWave([plan]);
  const jobsAtOnce = pLimit(bucket.settings.maxConcurrentJobs);
  await Promise.all(plans.map((plan) => jobsAtOnce(() => rollOutOrRevert(run, plan, { ...options, stage }))));
}

/** Notes and reports the jobs that need nothing, are blocked or have already failed. Returns the remaining jobs. */
function setAsideUnready(run: Run, plans: readonly WaveJob[]): WaveJob[] {
  return plans.filter((plan) => {
    const { name } = plan.job;
    if (plan.blockedBy !== undefined) run.reporter.emit("job.blocked", { job: name, by: plan.blockedBy });
    if (plan.blockedBy !== undefined || run.ledger.failed(name)) noteRest(run, plan);
    else if (plan.required || plan.steps) return true;
    else {
      noteUnchanged(run, plan);
      run.reporter.emit("job.skipped", { job: name, reason: "already promoted on all allocations" });
    }
    return false;
  });
}

/** An open rollout ends where another release is rolled out without steps. */
function closeReplaced(run: Run, plans: readonly PlannedJob[]): void {
  const { rollouts } = run.bucket.store;
  for (const open of rollouts.all()) {
    const plan = plans.find(({ job, steps }) => job.name === open.job && !steps);
    if (!plan) continue;
    if (open.release !== plan.job.release) warnReplaced({ run, job: plan.job }, open);
    rollouts.close(open.job);
  }
}

function failAll(run: Run, plans: readonly PlannedJob[], cause: MaandError): void {
  for (const plan of plans) {
    run.ledger.failJob(plan.job.name, cause);
    noteRest(run, plan, cause);
  }
}
