import { type Bucket, runReporter } from "../bucket/bucket.ts";
import { stopIfInterrupted } from "../bucket/outcome.ts";
import { error } from "../domain/checks/problem.ts";
import type { LifecycleOptions } from "../domain/deploy/plan.ts";
import type { Job } from "../domain/workspace/job.ts";
import { demandedJobs } from "../domain/workspace/job.ts";
import { problemsError } from "../errors.ts";
import { Ledger } from "../run/ledger.ts";
import { lockBucket, type Run } from "../run/run.ts";
import { refuseUnknown } from "../run/select.ts";
import type { JobFailure } from "../summary.ts";
import { diffPlan, type PlanDiffs } from "./diff-plan.ts";
import { type DryRunState, planDryRun, runsFirst } from "./dry-run.ts";
import { isRequired, type PlannedJob, pendingOf, planJob } from "./plan-job.ts";
import { type StoppingAllocation, stopping } from "./removals.ts";

/** How a deploy was asked for. */
export interface DeployOptions extends LifecycleOptions {
  /** Only these jobs enter the waves; empty means all. Who leaves is not narrowed by it (deploy.md 1.1). */
  readonly jobs: readonly string[];
}

/** How a dry run was asked for. */
export interface PlanOptions extends DeployOptions {
  /** Also compare the files of changed allocations, line by line. */
  readonly diff?: boolean;
  /** Run what goes before the plan of each job, such as `pre_deploy`, and throw its writes away. */
  readonly withHooks?: boolean;
}

/** Jobs that are deployed together, and when. */
export interface Wave {
  readonly deploymentSeq: number;
  /** In name order. */
  readonly jobs: readonly Job[];
}

/** What a deploy would do. */
export interface Plan {
  readonly required: boolean;
  readonly waves: readonly {
    readonly deploymentSeq: number;
    readonly jobs: readonly (PlannedJob & {
      readonly required: boolean;
      /** `pre_deploy` goes before its plan: it `may change` this, or it `was run` for it. */
      readonly runsFirst: false | "may change" | "was run";
      /** A job it demands that cannot be planned: it would be left as it is. */
      readonly blockedBy?: string;
    })[];
  }[];
  /** Jobs that cannot be planned, such as one with a template that cannot be rendered; they are in no wave. */
  readonly failures: readonly JobFailure[];
  readonly stopping: readonly StoppingAllocation[];
  /** Present when it was asked for. */
  readonly diffs?: PlanDiffs;
}

/**
 * The waves a wish touches. Throws PROBLEMS for a job nobody knows, since a filter never silently means something else, and
 * for a bucket that was never built, where a deploy would look as if all were done.
 */
export function wavesOf(
  run: Pick<Run, "bucket" | "catalog" | "allocationsOf">,
  options: Pick<DeployOptions, "jobs">,
): Wave[] {
  refuseUnbuilt(run.bucket);
  refuseUnknown(
    "job",
    "--jobs",
    options.jobs,
    run.catalog.jobs.map((job) => job.name),
  );
  const wanted = run.catalog.jobs.filter(
    (job) =>
      (options.jobs.length === 0 || options.jobs.includes(job.name)) &&
      (run.allocationsOf.get(job.name) ?? []).length > 0,
  );
  const waves = new Map<number, Job[]>();
  for (const job of wanted) {
    const wave = waves.get(job.deploymentSeq) ?? [];
    waves.set(job.deploymentSeq, wave);
    wave.push(job);
  }
  return [...waves].sort(([a], [b]) => a - b).map(([deploymentSeq, jobs]) => ({ deploymentSeq, jobs }));
}

/** Every build stores what it publishes of the bucket, even of one without workers and jobs. */
function refuseUnbuilt({ kv }: Bucket): void {
  if (kv.entries("maand/bucket").size > 0) return;
  throw problemsError([error("not_built", "data/maand.db", "nothing was built yet", "run maand build first")]);
}

/**
 * Plans a whole deploy without doing any of it: nothing is written, and no hook that could change something runs, unless
 * it was asked for (decision 6).
 */
export async function planDeploy(bucket: Bucket, options: PlanOptions): Promise<Plan> {
  const lock = lockBucket(bucket, "deploy --dry-run");
  const source = planDryRun(bucket, runReporter(bucket, "deploy --dry-run"), options.withHooks === true);
  try {
    const leavers = stopping(source);
    const ledger = new Ledger();
    const waves = await planWaves(source, ledger, options);
    const all = waves.flatMap((wave) => wave.jobs);
    refuseStarts(all, options);
    const diffs = options.diff === true ? { diffs: await diffPlan(source, all) } : {};
    return {
      required: leavers.length > 0 || all.some((job) => job.required),
      waves,
      failures: ledger.summary().failures,
      stopping: leavers,
      ...diffs,
    };
  } finally {
    await source.end();
    lock.release();
  }
}

async function planWaves(source: DryRunState, ledger: Ledger, options: PlanOptions): Promise<Plan["waves"]> {
  const { bucket } = source;
  const pending = pendingOf(bucket);
  const waves = [];
  for (const { deploymentSeq, jobs } of wavesOf(source, options)) {
    const planned: PlanJob[] = [];
    for (const job of jobs) {
      stopIfInterrupted(bucket.signal);
      const by = blockedBy({ ledger, jobs: source.jobs }, job);
      try {
        if (by === undefined) await source.before(job);
        const plan = await planJob(source, job, options, pending);
        if (by !== undefined && isRequired(plan)) ledger.block(job.name, by);
        planned.push({ ...plan, ...outlook(bucket, plan, options, by) });
      } catch (cause) {
        ledger.failJob(job.name, cause);
      }
    }
    if (planned.length > 0) waves.push({ deploymentSeq, jobs: planned });
  }
  stopIfInterrupted(bucket.signal);
  return waves;
}

type PlanJob = Plan["waves"][number]["jobs"][number];

function outlook(
  bucket: Bucket,
  plan: PlannedJob,
  options: PlanOptions,
  by: string | undefined,
): Pick<PlanJob, "required" | "runsFirst" | "blockedBy"> {
  const required = isRequired(plan);
  const first = options.withHooks === true && by === undefined ? "was run" : "may change";
  return {
    required,
    runsFirst: runsFirst(bucket, plan.job) && first,
    ...(by !== undefined && required ? { blockedBy: by } : {}),
  };
}

/** `--sync-only` starts nothing, so it is refused for jobs that have something to start (deploy.md 1.1), before anything is done. */
export function refuseStarts(plans: readonly PlannedJob[], options: LifecycleOptions): void {
  if (!options.syncOnly) return;
  const problems = plans.flatMap(({ job, allocations }) => {
    const hosts = allocations
      .filter(({ decision }) => decision.action === "start")
      .map(({ allocation }) => allocation.host);
    return hosts.length === 0
      ? []
      : [
          error(
            "needs_start",
            `job ${job.name}`,
            `has to be started on ${hosts.join(", ")}`,
            "deploy it without --sync-only first, or leave it out with --jobs",
          ),
        ];
  });
  if (problems.length > 0) throw problemsError(problems);
}

/**
 * The nearest job this one demands, itself or through others that are left as they are, that something went wrong with in
 * this run (decision 4).
 */
export function blockedBy({ ledger, jobs }: Pick<Run, "ledger" | "jobs">, job: Job): string | undefined {
  if (!ledger.hasFailures) return undefined;
  const names = new Set(demandedJobs(job));
  for (const name of names) {
    if (ledger.failed(name)) return name;
    const demanded = jobs.get(name);
    for (const further of demanded ? demandedJobs(demanded) : []) names.add(further);
  }
  return undefined;
}
