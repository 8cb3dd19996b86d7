import type { DeployReason } from "../domain/deploy/deploy-reason.ts";
import type { Allocation, JobFile } from "../domain/workspace/job.ts";
import type { Worker } from "../domain/workspace/worker.ts";
import type { Remote } from "../remote/remote.ts";
import type { JobContext, Login, LogSource } from "./base-contexts.ts";
import type { KvSession } from "./kv.ts";

/** A command of another job that depends on a command of this job. */
export interface IncomingDemand {
  /** The dependent job. */
  readonly job: string;
  /** The dependent command of that job. */
  readonly command: string;
  /** `demands.config` of that command. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** A job, and functions that act for its allocations. */
export interface ScopedJobContext extends JobContext {
  /** A private directory (0700) of this run, created on first use and deleted when the run ends. */
  tmp(): string;
  /** The bytes of a file of the job, as of the last build. */
  read(file: JobFile): Uint8Array;
  /** The same bytes in pieces of at most 1 MiB, for large files. */
  pieces(file: JobFile): Iterable<Uint8Array>;
  /** The commands that depend on this command of the job, in job order. */
  demandsOn(command: string): readonly IncomingDemand[];
  /** Everything that a hook may read and do for one allocation of the job. */
  scope(allocation: Allocation): AllocationScope;
}

/** What a hook may read and do for one allocation. */
export interface AllocationScope {
  /** The allocation that this scope acts for. */
  readonly allocation: Allocation;
  /** The worker of the allocation. */
  readonly worker: Worker;
  /**
   * The index of the allocation among the allocations of the job: the value in the KV store or, if there is none, in
   * the catalog.
   */
  readonly index: number;
  /** The promoted version; `0.0.0` before the first promotion. */
  readonly currentVersion: string;
  /** The version in the manifest. */
  readonly newVersion: string;
  /** Why the deploy changes the allocation; `manual` if no deploy is running. */
  readonly deployReason: DeployReason;
  /** Prints a line for this allocation. */
  log(line: string, source?: LogSource): void;
  /**
   * Emits events for the start and end of a command for this allocation. If `work` throws, the error is recorded and
   * rethrown.
   */
  command<T>(name: string, event: string, work: () => Promise<T>): Promise<T>;
  /** Opens the KV store with the permissions of this allocation. Nothing is written without `commit`. */
  openKv(): KvSession;
  /** The connection to any worker of the bucket. Throws NOT_FOUND for an unknown host. */
  remote(host: string): Promise<Remote>;
  /** Returns how other programs can log in to the worker; undefined if no plugin provides a login. */
  login(): Promise<Login | undefined>;
  /**
   * Runs a Makefile target. Throws NOT_FOUND for an unknown worker or a worker without the job, PROBLEMS for a job that
   * this job does not depend on, OUT_OF_SYNC if nothing has been deployed there yet, and BUDGET_EXCEEDED if the
   * availability budget refuses a stop, restart or reload.
   */
  runTarget(request: TargetRequest): Promise<TargetAnswer>;
}

/**
 * A target to run for an allocation: a target of the allocation's job, or of a job that the commands of this job depend
 * on.
 */
export interface TargetRequest {
  /** The worker to run the target on. */
  readonly host: string;
  /** The job whose Makefile has the target. */
  readonly job: string;
  /** The name of the target. */
  readonly target: string;
  /** Default: the timeout of the job's lifecycle commands. */
  readonly timeoutMs?: number;
  /** Abort this signal to stop the target. */
  readonly signal?: AbortSignal;
}

/** The result of a target. */
export interface TargetAnswer {
  /** The exit code. */
  readonly exit: number;
  /** What the target wrote to standard output. */
  readonly stdout: string;
  /** What the target wrote to standard error. */
  readonly stderr: string;
}
