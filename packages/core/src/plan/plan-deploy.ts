import { type Bucket, runReporter } from "../bucket/bucket.ts";
import { stopIfInterrupted } from "../bucket/outcome.ts";
import { unbuiltParts } from "../bucket/unbuilt.ts";
import type { LifecycleOptions } from "../domain/deploy/plan.ts";
import type { Holder } from "../store/lock/holder.ts";
import { lockHolder } from "../store/lock/lock.ts";
import type { JobFailure } from "../summary.ts";
import { diffPlan, type PlanDiffs } from "./diff-plan.ts";
import { hasPreDeploy, openDryRun, type UndecidedJob } from "./dry-run.ts";
import type { PlannedJob } from "./plan-job.ts";
import { planWave, refuseStarts, type WaveJob } from "./plan-wave.ts";
import { type StoppingAllocation, stopping } from "./stopping.ts";
import { wavesOf } from "./waves.ts";

/** How a deploy was asked for. */
export interface DeployOptions extends LifecycleOptions {
  /** Only these jobs enter the waves; empty means all. What is stopped and removed is not narrowed by it. */
  readonly jobs: readonly string[];
}

/** How a dry run was asked for. */
export interface PlanOptions extends DeployOptions {
  /** Also compare the files of changed allocations, line by line. */
  readonly diff?: boolean;
  /** Run what goes before the plan of each job, such as `pre_deploy`, and throw its writes away. */
  readonly withHooks?: boolean;
}

/** What a deploy would do. */
export interface Plan {
  readonly required: boolean;
  readonly waves: readonly {
    readonly deploymentSeq: number;
    readonly jobs: readonly (PlannedJob & {
      readonly required: boolean;
      /** Whether its `pre_deploy` commands, which go before its plan, may still change this, or were run for it. */
      readonly preDeploy: "none" | "may change this" | "was run";
      /** A job it demands that cannot be planned: it would be left as it is. */
      readonly blockedBy?: string;
    })[];
  }[];
  /** Jobs whose plan needs what `pre_deploy` commands write, which were not run; they are in no wave. */
  readonly undecided: readonly UndecidedJob[];
  /** Jobs that cannot be planned, such as one with a template that cannot be rendered; they are in no wave. */
  readonly failures: readonly JobFailure[];
  readonly stopping: readonly StoppingAllocation[];
  /** Present when it was asked for. */
  readonly diffs?: PlanDiffs;
  /** Parts of the workspace that changed since the last build and are not part of this. */
  readonly unbuilt: readonly string[];
  /** The command that is changing the bucket or its workers right now. */
  readonly underWay?: Pick<Holder, "command" | "pid" | "since">;
}

type PlanJob = Plan["waves"][number]["jobs"][number];

/**
 * Plans a whole deploy without doing any of it: nothing is written, and no hook that could change something runs, unless
 * it was asked for.
 */
export async function planDeploy(bucket: Bucket, options: PlanOptions): Promise<Plan> {
  const underWay = lockHolder(bucket.store.holder);
  const dryRun = openDryRun(bucket, runReporter(bucket, "deploy --dry-run"), options.withHooks === true);
  try {
    const waves: { deploymentSeq: number; jobs: PlanJob[] }[] = [];
    for (const wave of wavesOf(dryRun, options.jobs)) {
      const jobs = await planWave(dryRun, wave, options, dryRun.hooks);
      if (jobs.length > 0)
        waves.push({ deploymentSeq: wave.deploymentSeq, jobs: jobs.map((job) => planned(bucket, job)) });
    }
    stopIfInterrupted(bucket.signal);
    const jobs = waves.flatMap((wave) => wave.jobs);
    refuseStarts(jobs, options);
    const leaving = stopping(dryRun);
    return {
      required: leaving.length > 0 || dryRun.undecided.length > 0 || jobs.some((job) => job.required),
      waves,
      undecided: dryRun.undecided,
      unbuilt: unbuiltParts(bucket),
      failures: dryRun.ledger.summary().failures,
      stopping: leaving,
      ...(options.diff === true ? { diffs: await diffPlan(dryRun, jobs) } : {}),
      ...(underWay ? { underWay } : {}),
    };
  } finally {
    await dryRun.end();
  }
}

function planned(bucket: Bucket, { hooksRan, ...job }: WaveJob): PlanJob {
  if (!hasPreDeploy(bucket, job.job)) return { ...job, preDeploy: "none" };
  return { ...job, preDeploy: hooksRan ? "was run" : "may change this" };
}
