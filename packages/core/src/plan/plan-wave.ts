import { stopIfInterrupted } from "../bucket/outcome.ts";
import { error } from "../domain/checks/problem.ts";
import type { LifecycleOptions } from "../domain/deploy/plan.ts";
import { demandedJobs, type Job } from "../domain/workspace/job.ts";
import { problemsError } from "../errors.ts";
import type { Run } from "../run/run.ts";
import { isRequired, type Pending, type PlannedJob, type PlanSource, pendingOf, planJob } from "./plan-job.ts";
import type { Wave } from "./waves.ts";

/** A planned job of a wave. */
export interface WaveJob extends PlannedJob {
  readonly required: boolean;
  /** The hooks before its plan were run. */
  readonly hooksRan: boolean;
  /** A job it demands that something is wrong with: this one is left as it is. */
  readonly blockedBy?: string;
}

/** What planning the jobs of a wave needs: a run, or what a dry run plans with. */
export type WaveSource = PlanSource & Pick<Run, "jobs" | "ledger">;

/** Runs the hooks that come before a job is planned, such as its `pre_deploy` commands. */
export type BeforeHooks = (job: Job) => Promise<void>;

/** How a dry run and a deploy differ in planning a wave. */
export interface PlanningHooks {
  /** Absent in a dry run that runs no hooks. */
  readonly before?: BeforeHooks;
  /** Whether a job that cannot be planned may well be planned in a deploy; it does not count as failed then. */
  readonly isUndecided?: (job: Job, cause: unknown) => boolean;
}

/**
 * Plans the jobs of one wave against what is recorded now. The deploy and the dry run both come through here, so that one
 * cannot differ from the other: a deploy carries each wave out before it plans the next, a dry run only looks. What cannot
 * be planned or is blocked goes to the ledger; a job that cannot be planned is not in the answer.
 */
export async function planWave(
  source: WaveSource,
  { jobs }: Wave,
  options: LifecycleOptions,
  { before, isUndecided }: PlanningHooks,
): Promise<WaveJob[]> {
  const pending = pendingOf(source.bucket);
  const planned: WaveJob[] = [];
  for (const job of jobs) {
    stopIfInterrupted(source.bucket.signal);
    try {
      planned.push(await planWaveJob(source, job, options, { pending, before }));
    } catch (cause) {
      if (!isUndecided?.(job, cause)) source.ledger.failJob(job.name, cause);
    }
  }
  return planned;
}

async function planWaveJob(
  source: WaveSource,
  job: Job,
  options: LifecycleOptions,
  { pending, before }: { readonly pending: Pending; readonly before: BeforeHooks | undefined },
): Promise<WaveJob> {
  const blockedBy = blockerOf(source, job);
  const hooksRan = before !== undefined && blockedBy === undefined && !source.ledger.failed(job.name);
  if (hooksRan) await before(job);
  const plan = await planJob(source, job, options, pending);
  const required = isRequired(plan);
  if (blockedBy === undefined || !required) return { ...plan, required, hooksRan };
  source.ledger.block(job.name, blockedBy);
  return { ...plan, required, hooksRan, blockedBy };
}

/**
 * The nearest job this one demands, itself or through others that are left as they are, that something went wrong with in
 * this run.
 */
function blockerOf({ ledger, jobs }: Pick<WaveSource, "ledger" | "jobs">, job: Job): string | undefined {
  if (!ledger.hasFailures) return undefined;
  const names = new Set(demandedJobs(job));
  for (const name of names) {
    if (ledger.failed(name)) return name;
    const demanded = jobs.get(name);
    for (const further of demanded ? demandedJobs(demanded) : []) names.add(further);
  }
  return undefined;
}

/** `--sync-only` starts nothing, so it is refused for jobs that have something to start, before anything is done. */
export function refuseStarts(plans: readonly PlannedJob[], { syncOnly }: LifecycleOptions): void {
  const problems = (syncOnly ? plans : []).flatMap(({ job, allocations }) => {
    const starts = allocations.filter(({ decision }) => decision.action === "start");
    return starts.length === 0 ? [] : [needsStart(job, starts)];
  });
  if (problems.length > 0) throw problemsError(problems);
}

function needsStart(job: Job, starts: PlannedJob["allocations"]) {
  const hosts = starts.map(({ allocation }) => allocation.host).join(", ");
  const hint = "deploy it without --sync-only first, or leave it out with --jobs";
  return error("needs_start", `job ${job.name}`, `has to be started on ${hosts}`, hint);
}
