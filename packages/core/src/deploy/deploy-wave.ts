import pLimit from "p-limit";
import { stopIfInterrupted } from "../bucket/interruption.ts";
import { type Exclusions, exclusionsOf } from "../domain/budget/never-with.ts";
import type { LifecycleOptions } from "../domain/deploy/plan.ts";
import type { StepPart } from "../domain/rollout/steps.ts";
import type { Job } from "../domain/workspace/job.ts";
import type { MaandError } from "../errors.ts";
import type { PlanApproval } from "../plan/plan-approval.ts";
import { isRequired, type PlannedAllocation, type PlannedJob, type StepPlan } from "../plan/plan-job.ts";
import { planWave, type WaveJob } from "../plan/plan-wave.ts";
import type { Wave } from "../plan/waves.ts";
import { leftText, type WorkerLimit } from "../plan/worker-limit.ts";
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
  /** Whether the last wave is deployed first. */
  readonly reversed: boolean;
  /** Checks the deploy against the saved plan that it carries out. */
  readonly approval: PlanApproval | undefined;
  /** The workers that the deploy is limited to. */
  readonly limit: WorkerLimit | undefined;
}

/** Deploys the jobs of one wave: plans them, calls `permit`, syncs the files, and rolls the jobs out in parallel. */
export async function deployWave(run: Run, stager: Stager, wave: Wave, options: WaveOptions): Promise<void> {
  const { bucket, reporter } = run;
  stopIfInterrupted(bucket.signal);
  run.refresh();
  reporter.emit("wave.started", { deployment_seq: wave.deploymentSeq, jobs: wave.jobs.map(({ name }) => name) });
  const settled = wave.jobs.filter((job) => options.approval?.isSettled(job));
  for (const job of settled) noteSettled(run, job);
  const jobs = wave.jobs.filter((job) => !settled.includes(job));
  const planned = await planWave(run, { ...wave, jobs }, options, {
    before: (job) => bucket.hooks.beforeJob.promise(scopedJobContext(run, job)),
    reversed: options.reversed,
    approval: options.approval,
    limit: options.limit,
    brief: true,
  });
  storePlans(run, planned);
  const left = leftText(planned);
  if (left !== undefined) run.ledger.warn(left);
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
  const rollOne = (plan: PlannedJob) => jobsAtOnce(() => rollOutOrRevert(run, plan, { ...options, stage }));
  await inTurn(exclusionsOf(run.catalog.jobs), plans, rollOne);
}

/** Runs the work of jobs in parallel. Jobs that exclude each other (`never_with`) run one after another. */
async function inTurn(
  exclusions: Exclusions,
  plans: readonly WaveJob[],
  work: (plan: PlannedJob) => Promise<void>,
): Promise<void> {
  const begun = new Map<string, Promise<void>>();
  for (const plan of plans) {
    const before = [...(exclusions.get(plan.job.name) ?? [])].flatMap((name) => begun.get(name) ?? []);
    begun.set(plan.job.name, before.length === 0 ? work(plan) : Promise.allSettled(before).then(() => work(plan)));
  }
  await Promise.all(begun.values());
}

/** Records and reports the jobs that need nothing, are blocked or have already failed. Returns the remaining jobs. */
function setAsideUnready(run: Run, plans: readonly WaveJob[]): WaveJob[] {
  const unchanged: PlannedJob[] = [];
  const ready = plans.flatMap((whole) => {
    const { name } = whole.job;
    if (whole.blockedBy !== undefined) run.reporter.emit("job.blocked", { job: name, by: whole.blockedBy });
    const plan = run.ledger.failedOnlyToStop(name) ? withoutStarts(run, whole) : whole;
    if (whole.blockedBy !== undefined || (run.ledger.failed(name) && plan === whole)) noteRest(run, whole);
    else if (plan.required || plan.steps) return [plan];
    else {
      unchanged.push(plan);
      if (plan === whole) reportSkipped(run, name);
    }
    return [];
  });
  noteUnchanged(run, unchanged);
  return ready;
}

/** Records and reports a job that does not change and therefore needs no plan. */
function noteSettled(run: Run, { name }: Job): void {
  const hosts = (run.allocationsOf.get(name) ?? []).map(({ host }) => host);
  run.ledger.noteUnchanged(name, hosts);
  reportSkipped(run, name);
}

function reportSkipped({ reporter }: Run, job: string): void {
  reporter.emit("job.skipped", { job, reason: "already promoted on all allocations" });
}

/**
 * Closes the open rollouts of jobs that are now deployed without steps. Warns if the rollout was of another release.
 */
function closeReplaced(run: Run, plans: readonly PlannedJob[]): void {
  const { rollouts } = run.bucket.store;
  for (const open of rollouts.all()) {
    const plan = plans.find(({ job, steps }) => job.name === open.job && !steps);
    if (!plan) continue;
    if (open.release !== plan.job.release) warnReplaced({ run, job: plan.job }, open);
    rollouts.close(open.job);
  }
}

/**
 * The plan without its starts, which are recorded as blocked. The job might be moving to one of these workers from a
 * removed allocation that could not be stopped, and must not run twice. Allocations that already run are upgraded.
 */
function withoutStarts(run: Run, plan: WaveJob): WaveJob {
  const isStart = ({ allocation, decision }: PlannedAllocation) => !allocation.disabled && decision.action === "start";
  const starts = plan.allocations.filter(isStart);
  noteRest(run, { ...plan, allocations: starts });
  const allocations = plan.allocations.filter((planned) => !isStart(planned));
  const steps = plan.steps && stepsWithout(plan.steps, new Set(starts.map(({ allocation }) => allocation.host)));
  const rest = { ...plan, allocations, ...(steps && { steps }) };
  return { ...rest, required: isRequired(rest) };
}

function stepsWithout(steps: StepPlan, left: ReadonlySet<string>): StepPlan {
  const without = ({ step, hosts }: StepPart): StepPart => ({ step, hosts: hosts.filter((host) => !left.has(host)) });
  return { ...steps, parts: steps.parts.map(without) };
}

function failAll(run: Run, plans: readonly PlannedJob[], cause: MaandError): void {
  for (const plan of plans) {
    run.ledger.failJob(plan.job.name, cause);
    noteRest(run, plan, cause);
  }
}
