import type { FileRule } from "../deploy/file-access.ts";
import type { Hold } from "../release/hold.ts";
import type { StagedRollout } from "../rollout/steps.ts";

/** Which lifecycle target an upgrade of a job runs: `restart`, `reload` or none. */
export type RestartPolicy = "always" | "reload" | "never";

/**
 * A batch size: a number of allocations, or a percentage of the active ones. 0 means all at once for starts, and one at
 * a time for upgrades.
 */
export type BatchSize = number | `${number}%`;

/** Bounds of one resource and its reservation on a worker, in MB or MHz; 0 means none. */
export interface Reservation {
  readonly min: number;
  readonly max: number;
  readonly reserved: number;
  /** `manifest`, or the name of the override file that set `reserved`. */
  readonly source: string;
}

/** The parts of a command in a manifest that core needs. */
export interface JobCommand {
  readonly name: string;
  readonly executedOn: readonly string[];
  /**
   * Present if the command runs for a single allocation of the job instead of for each. docs/job-commands.md describes
   * which one.
   */
  readonly once?: true;
  readonly demands?: {
    readonly job: string;
    readonly command: string;
    readonly config: Readonly<Record<string, unknown>>;
  };
}

/** A file of a job, as it is in the workspace and, unless it is only a source, on the worker. */
export interface JobFile {
  /** Relative to the job's directory, with `/`. */
  readonly path: string;
  /** SHA-256 of the content, lower-case hex: its key in the content store. */
  readonly hash: string;
  readonly executable: boolean;
  /** Bytes. */
  readonly size: number;
}

/** A job's file with the time of its last known change, so that unchanged files are not read again. */
export interface SeenFile extends JobFile {
  readonly mtimeMs: number;
}

/** A service to run: its resolved manifest, and its files. */
export interface Job {
  readonly name: string;
  /** As written, trimmed; `0.0.0` if the manifest has none. */
  readonly version: string;
  readonly selectors: readonly string[];
  readonly restartPolicy: RestartPolicy;
  readonly restartGlobs: readonly string[];
  readonly maxConcurrentStarts: BatchSize;
  readonly maxConcurrentUpgrades: BatchSize;
  readonly minAllocationsCount: number;
  /** The number of allocations that may be unavailable at a time; default: the size of an upgrade batch. */
  readonly maxUnavailable?: BatchSize;
  /** Jobs that must not be changed at the same time as this one. */
  readonly neverWith?: readonly string[];
  /** What happens after a failed rollout; default: `stop`. */
  readonly onFailure?: "stop" | "revert";
  /** What a revert undoes: everything that the rollout changed, or only its failed batch; default: `job`. */
  readonly revertScope?: "batch" | "job";
  /** The steps of the rollout of a new release; default: one rollout in batches. */
  readonly rollout?: StagedRollout;
  /** Patterns of files that the job creates in its directory; a sync does not delete them. Default: none. */
  readonly keep?: readonly string[];
  /** Mode, owner and group of its files on a worker, by pattern, in the order written; default: none. */
  readonly fileRules?: readonly FileRule[];
  /** Timeout of one lifecycle command, in seconds; default: `timeouts.command` of the bucket. */
  readonly timeoutSeconds?: number;
  /** Port numbers by name, assigned ones included. */
  readonly ports: Readonly<Record<string, number>>;
  readonly memory: Reservation;
  readonly cpu: Reservation;
  /** Its release number; absent in stores of older versions. */
  readonly release?: number;
  /** Present if the workspace contains another release that is held and not deployed. */
  readonly hold?: Hold;
  /** Sorted by name. */
  readonly commands: readonly JobCommand[];
  /**
   * Wave of the job: 0 for a job without dependencies, otherwise one more than the highest wave among the jobs that it
   * depends on.
   */
  readonly deploymentSeq: number;
  /** The manifest as written, for plugins that own keys of it. */
  readonly manifest: Readonly<Record<string, unknown>>;
  /** All files, sorted by path, including sources that are never copied to a worker. */
  readonly files: readonly JobFile[];
}

/** One job on one worker. */
export interface Allocation {
  /** Derived from job and host, so it is the same in every build. */
  readonly id: string;
  readonly job: string;
  readonly host: string;
  /** Out of service: disabled by `disabled.json`, or on a worker that is in maintenance. */
  readonly disabled: boolean;
  /** Present if its worker is in maintenance: deploys do not change it. */
  readonly inMaintenance?: true;
  /** Present if it is disabled through its worker, and not through its job. */
  readonly drained?: true;
  /** No longer desired: the next deploy stops it and deletes its files, and `gc` purges it. */
  readonly removed: boolean;
  /** Position among the job's non-removed allocations, including disabled ones. */
  readonly index: number;
}

/** Whether a file of a job is copied to its workers. Templates, modules and Prometheus sources are not copied. */
export function reachesWorker(path: string): boolean {
  return !path.endsWith(".tpl") && !path.startsWith("_modules/") && !path.startsWith("_prometheus/");
}

/** The jobs that this job depends on, sorted, without duplicates. */
export function demandedJobs(job: Pick<Job, "commands">): string[] {
  return [...new Set(job.commands.flatMap((command) => (command.demands ? [command.demands.job] : [])))].sort();
}
