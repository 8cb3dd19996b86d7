import { stopIfInterrupted } from "../bucket/interruption.ts";
import { error } from "../domain/checks/problem.ts";
import type { LifecycleOptions } from "../domain/deploy/plan.ts";
import { holdText, isParked } from "../domain/release/hold.ts";
import { demandedJobs, type Job } from "../domain/workspace/job.ts";
import { MaandError, problemsError } from "../errors.ts";
import type { Run } from "../run/run.ts";
import type { SettledJob } from "../store/settled/settled-rows.ts";
import type { PlanApproval } from "./plan-approval.ts";
import { isRequired, type Pending, type PlannedJob, type PlanSource, pendingOf, planJob } from "./plan-job.ts";
import { inSteps } from "./plan-steps.ts";
import type { Wave } from "./waves.ts";
import { type WorkerLimit, withinLimit } from "./worker-limit.ts";

/** A planned job of a wave. */
export interface WaveJob extends PlannedJob {
  readonly required: boolean;
  /** Whether the hooks before its plan have run. */
  readonly hooksRan: boolean;
  /**
   * The job that blocks this job: one that it depends on, or a dependent job if the order is reversed. This job is left
   * unchanged.
   */
  readonly blockedBy?: string;
}

/** The input of planning the jobs of a wave: a run, or the state of a dry run. */
export type WaveSource = PlanSource & Pick<Run, "jobs" | "ledger">;

/** Runs the hooks before a job is planned, such as its `pre_deploy` commands. */
export type BeforeHooks = (job: Job) => Promise<void>;

/** How the planning of a wave differs between a dry run and a deploy. */
export interface PlanningHooks {
  /** Absent in a dry run that runs no hooks. */
  readonly before?: BeforeHooks;
  /** Whether a deploy might be able to plan a job that cannot be planned here. Such a job does not count as failed. */
  readonly isUndecided?: (job: Job, cause: unknown) => boolean;
  /** Whether the last wave is processed first. A job is then blocked by the failure of a dependent job. */
  readonly reversed?: boolean | undefined;
  /** The saved plan that a deploy carries out. */
  readonly approval?: PlanApproval | undefined;
  /** The workers that the deploy is limited to. */
  readonly limit?: WorkerLimit | undefined;
  /** Whether settled jobs are planned as a whole, without their allocations. */
  readonly brief?: boolean | undefined;
}

/**
 * Plans the jobs of one wave against the recorded state. Deploy and dry run both call this, so that their plans cannot
 * differ. A deploy carries out each wave before it plans the next one; a dry run only reads. Jobs that cannot be
 * planned or are blocked are recorded in the ledger; jobs that cannot be planned are not in the result.
 */
export async function planWave(
  source: WaveSource,
  { jobs }: Wave,
  options: LifecycleOptions,
  { before, isUndecided, reversed = false, approval, limit, brief = false }: PlanningHooks,
): Promise<WaveJob[]> {
  const pending = pendingOf(source.bucket);
  const settled = brief && !approval ? settledOf(source, options) : undefined;
  const planned: WaveJob[] = [];
  for (const job of jobs) {
    stopIfInterrupted(source.bucket.signal);
    try {
      const blockedBy = reversed ? dependentOf(source, job) : blockerOf(source, job);
      planned.push(await planWaveJob(source, job, options, { pending, settled, before, blockedBy, approval, limit }));
    } catch (cause) {
      if (!isUndecided?.(job, cause)) source.ledger.failJob(job.name, cause);
    }
  }
  return planned;
}

interface JobPlanning {
  readonly pending: Pending;
  readonly settled: ReadonlyMap<string, SettledJob> | undefined;
  readonly before: BeforeHooks | undefined;
  readonly blockedBy: string | undefined;
  readonly approval: PlanApproval | undefined;
  readonly limit: WorkerLimit | undefined;
}

async function planWaveJob(
  source: WaveSource,
  job: Job,
  options: LifecycleOptions,
  { pending, settled, before, blockedBy, approval, limit }: JobPlanning,
): Promise<WaveJob> {
  refuseParked(job);
  const { ledger } = source;
  const isFree = !ledger.failed(job.name) || ledger.failedOnlyToStop(job.name);
  const mayGoOn = blockedBy === undefined && isFree;
  const hooksRan = before !== undefined && mayGoOn;
  if (mayGoOn) approval?.begin(job);
  if (hooksRan) await before(job);
  const whole = inSteps(source, await planJob(source, job, options, pending, settled?.get(job.name)));
  const plan = withinLimit(whole, limit, pending);
  if (mayGoOn) approval?.check(plan);
  const required = isRequired(plan);
  if (blockedBy === undefined || !required) return { ...plan, required, hooksRan };
  source.ledger.block(job.name, blockedBy);
  return { ...plan, required, hooksRan, blockedBy };
}

/**
 * The settled jobs according to the store. There are none if the deploy is forced, inspects the workers, deploys a
 * catalog other than the stored one, or finds a worker in maintenance.
 */
function settledOf(
  { bucket: { store }, cause }: WaveSource,
  { force, edits }: LifecycleOptions,
): ReadonlyMap<string, SettledJob> | undefined {
  if (force || edits || cause || store.maintenance.hosts().size > 0) return undefined;
  return store.settled.all();
}

/**
 * The nearest job that this job depends on and that has a problem or a paused rollout in this run. Also follows
 * dependencies through other jobs that are left unchanged.
 */
function blockerOf({ ledger, jobs }: Pick<WaveSource, "ledger" | "jobs">, job: Job): string | undefined {
  if (!ledger.hasFailures && !ledger.hasPauses) return undefined;
  const names = new Set(demandedJobs(job));
  for (const name of names) {
    if (ledger.failed(name) || ledger.isPaused(name)) return name;
    const demanded = jobs.get(name);
    for (const further of demanded ? demandedJobs(demanded) : []) names.add(further);
  }
  return undefined;
}

/** A dependent job of this job that has a problem in this run. */
function dependentOf({ ledger, jobs }: Pick<WaveSource, "ledger" | "jobs">, job: Job): string | undefined {
  if (!ledger.hasFailures) return undefined;
  return [...jobs.values()].find((other) => ledger.failed(other.name) && demandedJobs(other).includes(job.name))?.name;
}

/** Refuses a job whose only release was reverted. Dependent jobs are then blocked. */
function refuseParked(job: Job): void {
  const { hold } = job;
  if (!hold || !isParked(job)) return;
  throw new MaandError({
    code: "RELEASE_HELD",
    message: `${holdText(job, hold)}: ${hold.reason}`,
    hint: `fix ${job.name}, then run maand deploy --build`,
  });
}

/** `--sync-only` starts nothing. The deploy is refused in advance if a job has allocations to start. */
export function refuseStarts(plans: readonly PlannedJob[], { syncOnly }: LifecycleOptions): void {
  const problems = (syncOnly ? plans : []).flatMap(({ job, allocations }) => {
    const starts = allocations.filter(({ decision }) => decision.action === "start");
    return starts.length === 0 ? [] : [needsStart(job, starts)];
  });
  if (problems.length > 0) throw problemsError(problems);
}

function needsStart(job: Job, starts: PlannedJob["allocations"]) {
  const hosts = starts.map(({ allocation }) => allocation.host).join(", ");
  const hint = "deploy it without --sync-only first, or exclude it with --jobs";
  return error("needs_start", `job ${job.name}`, `must be started on ${hosts}`, hint);
}
