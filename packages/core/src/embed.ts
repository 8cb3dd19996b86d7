/**
 * Runs maand from a program: build, plan, deploy and the commands for jobs, without a terminal. Nothing here prints,
 * exits, listens to signals or reads the clock, except through an option. Stable, as defined in
 * docs/plugins/stability.md.
 */
import { type Initialised, initBucket as initDirectory } from "./bucket/init.ts";
import { type OpenedBucket, openBucket as openEngine } from "./bucket/open.ts";
import { build } from "./build/build.ts";
import { deploy } from "./deploy/deploy.ts";
import type { Problem } from "./domain/checks/problem.ts";
import type { PlannedAction } from "./domain/deploy/plan.ts";
import type { Settings } from "./domain/settings/settings.ts";
import type { Allocation, Job } from "./domain/workspace/job.ts";
import type { Worker } from "./domain/workspace/worker.ts";
import type { MaandError } from "./errors.ts";
import type { MaandEvent } from "./events.ts";
import { type ControlResult, controlJob, type JobControl } from "./jobs/control-job.ts";
import { type HealthCheckOptions, type HealthReport, healthCheck } from "./jobs/health-command.ts";
import { type JobCommandOptions, type JobCommandReport, runJobCommand } from "./jobs/job-command.ts";
import { planDeploy } from "./plan/plan-deploy.ts";
import type { Plugin } from "./plugin-api/plugin.ts";
import { prepareBucket } from "./run/prepare.ts";
import type { JobFailure, Summary } from "./run-result.ts";

export type { Initialised } from "./bucket/init.ts";
export type { Problem } from "./domain/checks/problem.ts";
export type { PlannedAction } from "./domain/deploy/plan.ts";
export type { Settings } from "./domain/settings/settings.ts";
export type { Allocation, Job } from "./domain/workspace/job.ts";
export type { Worker } from "./domain/workspace/worker.ts";
export { type ErrorCode, isMaandError, MaandError } from "./errors.ts";
export type { MaandEvent } from "./events.ts";
export type { ControlResult, JobControl } from "./jobs/control-job.ts";
export type { HealthCheckOptions, HealthReport } from "./jobs/health-command.ts";
export type { JobCommandOptions, JobCommandReport } from "./jobs/job-command.ts";
export type { Plugin } from "./plugin-api/plugin.ts";
export { type JobFailure, type Outcome, type Summary, type SummaryRecord, summaryRecord } from "./run-result.ts";

/** Options for opening a bucket from a program. */
export interface EmbedOptions {
  /** The bucket's directory, or a directory inside it. */
  readonly directory: string;
  /** The plugins that `"defaults"` means in the configuration: `defaults` of `@maand/cli`. Default: none. */
  readonly defaults?: () => readonly Plugin[];
  /**
   * Modules that the configuration may import without installing them, by name; `@maand/core` is always one of them.
   */
  readonly modules?: Readonly<Record<string, () => Promise<unknown>>>;
  /** Receives every event, synchronously. */
  readonly onEvent?: (event: MaandEvent) => void;
  /** Abort it to interrupt running commands, as Ctrl-C does. Default: never. */
  readonly signal?: AbortSignal;
  /** The clock; default: the real one. */
  readonly now?: () => Date;
  /**
   * Registers a function to call whenever the process has nothing left to wait for, such as on `beforeExit`; returns a
   * function that removes it. maand uses it to report a tap that waits on a promise that never settles, instead of
   * exiting silently.
   */
  readonly onIdle?: (listener: () => void) => () => void;
}

/** Which jobs to deploy, and how. */
export interface EmbeddedDeployOptions {
  /** Default: all jobs. Stops and removals are not limited by this. */
  readonly jobs?: readonly string[];
  /** Whether to restart unchanged allocations too. Default: false. */
  readonly force?: boolean;
  /** Whether to copy files without running any command. Default: false. */
  readonly syncOnly?: boolean;
}

/** One allocation and what the next deploy does with it. */
export interface PlannedChange {
  readonly job: string;
  readonly host: string;
  readonly action: PlannedAction | "remove";
  /** The reasons in words, most important first; never empty. */
  readonly reasons: readonly string[];
}

/** What the next deploy would do. */
export interface DeployPlan {
  /** Whether it would do anything. */
  readonly required: boolean;
  /** Stops and removals first, then the rest wave by wave; unchanged allocations have the action `skip`. */
  readonly changes: readonly PlannedChange[];
  /** Jobs that cannot be planned. */
  readonly failures: readonly JobFailure[];
  /** Parts of the workspace that changed since the last build, and are not in this plan. */
  readonly unbuilt: readonly string[];
}

/** A bucket that a program opened. Close it when done. */
export interface EmbeddedBucket {
  readonly id: string;
  /** Absolute path of its directory. */
  readonly root: string;
  readonly settings: Settings;
  /** Warnings about its configuration. */
  readonly warnings: readonly Problem[];
  /** The catalog of the last build. */
  catalog(): {
    readonly jobs: readonly Job[];
    readonly workers: readonly Worker[];
    readonly allocations: readonly Allocation[];
  };
  /** `maand build`: stores the catalog, and returns the warnings. Throws PROBLEMS for an invalid workspace. */
  build(options?: { readonly strict?: boolean }): Promise<readonly Problem[]>;
  /** `maand deploy --dry-run`: contacts no worker and changes nothing. */
  plan(options?: EmbeddedDeployOptions): Promise<DeployPlan>;
  /** `maand deploy`. Failures are in the summary; throws BUSY while another command changes the bucket. */
  deploy(options?: EmbeddedDeployOptions): Promise<Summary>;
  /** `maand health_check`. */
  checkHealth(options?: Partial<HealthCheckOptions>): Promise<HealthReport>;
  /** `maand job`: runs a target of jobs on their workers. */
  runTarget(control: Pick<JobControl, "jobs" | "target"> & Partial<JobControl>): Promise<readonly ControlResult[]>;
  /** `maand jobcommand`. */
  runJobCommand(options: Pick<JobCommandOptions, "command"> & Partial<JobCommandOptions>): Promise<JobCommandReport>;
  /** Disposes the plugins and closes the bucket. Returns the errors of plugins. */
  close(): Promise<readonly MaandError[]>;
}

/** `maand init`: creates a bucket in a directory, or updates the existing one. Overwrites nothing. */
export async function initBucket(options: EmbedOptions): Promise<Initialised> {
  const made = initDirectory(options.directory);
  const bucket = await openEngine(openOptions(options));
  try {
    await prepareBucket(bucket, made);
  } finally {
    await bucket.close();
  }
  return made;
}

/** Finds the bucket, loads its configuration, applies its plugins and opens its store. */
export async function openBucket(options: EmbedOptions): Promise<EmbeddedBucket> {
  return embedded(await openEngine(openOptions(options)));
}

function openOptions({ directory, defaults, modules = {}, onEvent, signal, now, onIdle }: EmbedOptions) {
  const reader: Plugin = { name: "program", apply: ({ event }) => onEvent && event.tap("program", onEvent) };
  return {
    from: directory,
    defaults: defaults ?? (() => []),
    modules: {
      "@maand/core": () => import("./index.ts"),
      "@maand/core/plugin": () => import("./plugin.ts"),
      ...modules,
    },
    readers: [reader],
    signal: signal ?? new AbortController().signal,
    now: now ?? (() => new Date()),
    pid: process.pid,
    ...(onIdle ? { onIdle } : {}),
  };
}

function embedded(bucket: OpenedBucket): EmbeddedBucket {
  return Object.freeze({
    id: bucket.bucketId,
    root: bucket.paths.root,
    settings: bucket.settings,
    warnings: bucket.loaded.warnings,
    catalog() {
      const { jobs, workers, allocations } = bucket.store.catalog.read();
      return { jobs, workers, allocations };
    },
    build: async (options) => (await build(bucket, options)).problems,
    plan: (options) => planOf(bucket, options),
    deploy: (options) => deploy(bucket, { ...ALL_JOBS, ...options }),
    checkHealth: (options) => healthCheck(bucket, { jobs: [], wait: false, ...options }),
    runTarget: (control) => controlJob(bucket, { workers: [], healthCheck: false, ...control }),
    runJobCommand: (options) => runJobCommand(bucket, { concurrency: 1, ...options }),
    close: () => bucket.close(),
  } satisfies EmbeddedBucket);
}

const ALL_JOBS = { jobs: [], force: false, syncOnly: false };

async function planOf(bucket: OpenedBucket, options: EmbeddedDeployOptions | undefined): Promise<DeployPlan> {
  const { required, waves, stopping, failures, unbuilt } = await planDeploy(bucket, { ...ALL_JOBS, ...options });
  const stops = stopping.map(({ job, allocation, remove, reason }) => {
    const action = remove ? ("remove" as const) : ("stop" as const);
    return { job: job.name, host: allocation.host, action, reasons: [reason] };
  });
  const changes = waves.flatMap(({ jobs }) =>
    jobs.flatMap(({ job, allocations }) =>
      allocations.map(({ allocation: { host }, decision: { action, reasons } }) => ({
        ...{ job: job.name, host, action, reasons },
      })),
    ),
  );
  return { required, changes: [...stops, ...changes], failures, unbuilt };
}
