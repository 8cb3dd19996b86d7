import { type Bucket, runReporter } from "../bucket/bucket.ts";
import { asMaandError } from "../bucket/error-outcome.ts";
import { stopIfInterrupted } from "../bucket/interruption.ts";
import { unbuiltParts } from "../bucket/unbuilt.ts";
import type { LifecycleOptions } from "../domain/deploy/plan.ts";
import { type HeldText, heldTexts } from "../domain/release/held-texts.ts";
import type { TypedWorkers } from "../run/select.ts";
import type { JobFailure } from "../run-result.ts";
import { lockHolder } from "../store/lock/bucket-lock.ts";
import type { Holder } from "../store/lock/holder.ts";
import { maintenanceTexts } from "../store/views/maintenance.ts";
import type { DesiredState } from "./desired-state.ts";
import { diffPlan, type PlanDiffs } from "./diffs/diff-plan.ts";
import { editsOf, type FoundRepairs, findRepairs, type RepairMode } from "./drift/find-repairs.ts";
import { workersOf } from "./drift/verified-workers.ts";
import { type DryRunState, hasPreDeploy, openDryRun, type UndecidedJob } from "./dry-run.ts";
import type { PlannedJob } from "./plan-job.ts";
import { pausedRollout } from "./plan-steps.ts";
import { planWave, refuseStarts, type WaveJob } from "./plan-wave.ts";
import { type StoppingAllocation, stopping } from "./stopping.ts";
import { type Wave, wavesOf } from "./waves.ts";
import { leftText, limitTo, type WorkerLimit } from "./worker-limit.ts";

/** Options of a deploy. */
export interface DeployOptions extends LifecycleOptions {
  /** Deploy only these jobs; empty means all. Stops and removals are not limited by this. */
  readonly jobs: readonly string[];
  /** Whether to revert failed rollouts. Overrides `on_failure` of the manifests. */
  readonly revert?: boolean | undefined;
  /** Let allocations go down even if the availability budget forbids it. maand reports each such allocation. */
  readonly ignoreBudget?: boolean | undefined;
  /** Touch only these workers; if absent or without terms, all workers. Stops and removals are limited too. */
  readonly workers?: TypedWorkers | undefined;
  /**
   * A number or percentage, such as `2` or `10%`. The deploy connects to all workers first, and continues without the
   * unreachable ones if there are at most this many.
   */
  readonly maxUnreachable?: string | undefined;
  /** Inspect the workers first, and repair differences from the promoted state: only files, or by restart policy. */
  readonly verify?: RepairMode | undefined;
  /** With `verify`: also repair differences that came back after three repairs. */
  readonly repairAgain?: boolean | undefined;
}

/** Options of a dry run. */
export interface PlanOptions extends DeployOptions {
  /** Also compare the files of changed allocations, line by line. */
  readonly diff?: boolean;
  /** Run the hooks before the plan of each job, such as `pre_deploy`, and discard their writes. */
  readonly withHooks?: boolean;
  /**
   * Plan settled jobs as a whole: their allocations are listed in `settled`, without trees and decisions. Default:
   * false.
   */
  readonly brief?: boolean;
}

/** A desired state to plan instead of the stored one. */
export interface DesiredPlan {
  /** The command that would apply it. */
  readonly command: string;
  readonly desired: DesiredState;
  /**
   * Whether to reverse the order: dependent jobs are deployed before the jobs they depend on, and are not blocked by
   * them.
   */
  readonly reversed: boolean;
}

/** Reads a plan together with the state that it is based on, before that state is released. */
export type InspectPlan = (state: DryRunState, plan: Plan) => void;

/** The plan of a whole deploy. */
export interface Plan {
  readonly required: boolean;
  readonly waves: readonly {
    readonly deploymentSeq: number;
    readonly jobs: readonly (PlannedJob & {
      readonly required: boolean;
      /**
       * The `pre_deploy` commands of the job, which run before it is planned. `none`: the job has no such commands;
       * `may change this`: they were not run, and could change this plan; `was run`: the plan includes their effect.
       */
      readonly preDeploy: "none" | "may change this" | "was run";
      /**
       * The job that blocks this job: one that it depends on, or a dependent job if the order is reversed. This job
       * would be left unchanged.
       */
      readonly blockedBy?: string;
    })[];
  }[];
  /** Jobs whose plan needs values that `pre_deploy` commands write, which were not run. They are in no wave. */
  readonly undecided: readonly UndecidedJob[];
  /** Jobs that cannot be planned, such as one with a template that cannot be rendered; they are in no wave. */
  readonly failures: readonly JobFailure[];
  readonly stopping: readonly StoppingAllocation[];
  /** Jobs of the plan with a held release, each with a sentence about it. */
  readonly held: readonly HeldText[];
  /** Sentences about workers in maintenance, which the deploy does not change. */
  readonly maintenance: readonly string[];
  /** Present if requested. */
  readonly diffs?: PlanDiffs;
  /** Parts of the workspace that changed since the last build and are not in this plan. */
  readonly unbuilt: readonly string[];
  /**
   * A sentence about allocations that the deploy does not change because they are on workers that it must not touch.
   */
  readonly left?: string;
  /** With `verify`: workers whose metadata is repaired, and those that could not be inspected, with the reason. */
  readonly verified?: {
    readonly metadata: readonly string[];
    readonly failed: readonly { readonly host: string; readonly message: string }[];
    /** Differences that are not repaired because they came back after three repairs. */
    readonly recurring: readonly { readonly job: string; readonly host: string; readonly message: string }[];
  };
  /** The command that is changing the bucket or its workers at the moment. */
  readonly underWay?: Pick<Holder, "command" | "pid" | "since">;
}

type PlanJob = Plan["waves"][number]["jobs"][number];

/**
 * Plans a whole deploy without carrying it out. It writes nothing and, unless requested, runs no hooks that could
 * change something.
 */
export async function planDeploy(
  bucket: Bucket,
  options: PlanOptions,
  other?: DesiredPlan,
  inspect?: InspectPlan,
): Promise<Plan> {
  const underWay = lockHolder(bucket.store.holder);
  const reporter = runReporter(bucket, `${other?.command ?? "deploy"} --dry-run`);
  const dryRun = openDryRun(bucket, reporter, { withHooks: options.withHooks === true, desired: other?.desired });
  try {
    const waves: { deploymentSeq: number; jobs: PlanJob[] }[] = [];
    const wanted = wavesOf(dryRun, options.jobs, other?.reversed);
    const limit = limitTo(dryRun, options.workers);
    const found = await verified(dryRun, wanted, options, limit);
    for (const wave of wanted) {
      const jobs = await planWave(
        dryRun,
        wave,
        { ...options, edits: editsOf(found) },
        { ...dryRun.hooks, limit, reversed: other?.reversed, brief: options.brief === true && !other },
      );
      for (const job of jobs)
        if (job.steps && job.steps.waiting.length > 0) dryRun.ledger.pause(pausedRollout(job, job.steps));
      if (jobs.length > 0)
        waves.push({ deploymentSeq: wave.deploymentSeq, jobs: jobs.map((job) => planned(bucket, job)) });
    }
    stopIfInterrupted(bucket.signal);
    const jobs = waves.flatMap((wave) => wave.jobs);
    refuseStarts(jobs, options);
    const stops = stopping(dryRun).filter(
      ({ job, allocation }) => (!other || options.jobs.includes(job.name)) && limit?.has(allocation.host) !== false,
    );
    const left = leftText(jobs);
    const plan: Plan = {
      required:
        stops.length > 0 ||
        (found?.metadata.size ?? 0) > 0 ||
        dryRun.undecided.length > 0 ||
        jobs.some((job) => job.required),
      waves,
      undecided: dryRun.undecided,
      unbuilt: unbuiltParts(bucket),
      failures: dryRun.ledger.summary().failures,
      stopping: stops,
      held: heldTexts(dryRun.catalog, options.jobs),
      maintenance: maintenanceTexts(bucket.store),
      ...(left === undefined ? {} : { left }),
      ...(found
        ? {
            verified: {
              metadata: [...found.metadata.keys()],
              failed: failuresOf(found),
              recurring: recurringOf(found),
            },
          }
        : {}),
      ...(underWay ? { underWay } : {}),
    };
    inspect?.(dryRun, plan);
    return options.diff === true ? { ...plan, diffs: await diffPlan(dryRun, jobs) } : plan;
  } finally {
    await dryRun.end();
  }
}

function planned(bucket: Bucket, { hooksRan, ...job }: WaveJob): PlanJob {
  if (!hasPreDeploy(bucket, job.job)) return { ...job, preDeploy: "none" };
  return { ...job, preDeploy: hooksRan ? "was run" : "may change this" };
}

/** The repairs of the deploy; undefined if it does not inspect the workers. */
async function verified(
  dryRun: DryRunState,
  waves: readonly Wave[],
  { verify, repairAgain }: PlanOptions,
  limit: WorkerLimit | undefined,
): Promise<FoundRepairs | undefined> {
  if (verify === undefined) return undefined;
  const jobs = waves.flatMap((wave) => wave.jobs.map(({ name }) => name));
  return findRepairs(dryRun, { mode: verify, again: repairAgain, jobs, workers: workersOf(dryRun, jobs, limit) });
}

function failuresOf({ failed }: FoundRepairs) {
  return [...failed].map(([host, cause]) => ({ host, message: asMaandError(cause).message }));
}

function recurringOf({ recurring }: FoundRepairs) {
  return recurring.map(({ allocation: { job, host }, error }) => ({ job, host, message: error.message }));
}
