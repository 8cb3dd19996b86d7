import type { Allocation, JobFile } from "../domain/workspace/job.ts";
import type { Worker } from "../domain/workspace/worker.ts";
import type { Remote } from "../remote/remote.ts";
import type { JobContext, LogSource } from "./base-contexts.ts";
import type { Login } from "./contexts.ts";
import type { KvSession } from "./kv.ts";

/** A command of another job that demands one of this job's. */
export interface IncomingDemand {
  readonly job: string;
  readonly command: string;
  /** `demands.config` of that command. */
  readonly config: Readonly<Record<string, unknown>>;
}

/** A job, and what may be done in the name of its allocations: what hooks that do something are given. */
export interface ScopedJobContext extends JobContext {
  /** Private directory (0700) of this run, made when it is first asked for and gone when the run ends. */
  tmp(): string;
  /** The bytes of a file of the job, as the last build saw it. */
  read(file: JobFile): Uint8Array;
  /** Who demands this command of the job, in the order of the jobs. */
  demandsOn(command: string): readonly IncomingDemand[];
  /** What may be known and done in the name of one of its allocations. */
  scope(allocation: Allocation): AllocationScope;
}

/** What may be known and done in the name of one allocation (deploy.md 4). */
export interface AllocationScope {
  readonly allocation: Allocation;
  readonly worker: Worker;
  /** Place among its peers as the KV store has it, or had it last. */
  readonly index: number;
  /** Version that is promoted here now, `0.0.0` before the first. */
  readonly currentVersion: string;
  readonly newVersion: string;
  /** Says a line for this allocation. */
  log(line: string, source?: LogSource): void;
  /** Tells that a command runs for it, and how it ended; a throw of `work` is told and goes on. */
  command<T>(name: string, event: string, work: () => Promise<T>): Promise<T>;
  /** Begins to read and write the KV store in its name; drop it, and nothing was written. */
  openKv(): KvSession;
  /** Connection to any worker of the bucket. Throws NOT_FOUND for a host that is none. */
  remote(host: string): Promise<Remote>;
  /** How its worker is logged in to by other programs; undefined where no plugin says so. */
  login(): Promise<Login | undefined>;
  /**
   * Runs a Makefile target. Throws NOT_FOUND for a worker that is none or has not the job, PROBLEMS for a job it does not
   * demand, OUT_OF_SYNC where nothing was brought yet.
   */
  runTarget(request: TargetRequest): Promise<TargetAnswer>;
}

/** A target to be run in the name of an allocation, of its own job or one that demands name. */
export interface TargetRequest {
  readonly host: string;
  readonly job: string;
  readonly target: string;
  /** Default: the time limit of the job's lifecycle commands. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** How a target ended that could be run. */
export interface TargetAnswer {
  readonly exit: number;
  readonly stdout: string;
  readonly stderr: string;
}
