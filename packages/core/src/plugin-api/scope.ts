import type { Allocation, JobFile } from "../domain/workspace/job.ts";
import type { Worker } from "../domain/workspace/worker.ts";
import type { Remote } from "../remote/remote.ts";
import type { JobContext, LogSource } from "./contexts.ts";

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

/** The KV entries one allocation may read (build.md 11.5); values are as they were put, blanks and line ends included. */
export interface KvReader {
  /** A value. Throws KV_REFUSED for a namespace that is not the job's to read, NOT_FOUND for a key that is not there. */
  get(namespace: string, key: string): string;
  /** The same, but undefined for a key that is not there. */
  find(namespace: string, key: string): string | undefined;
  /** Keys of a namespace, sorted. */
  keys(namespace: string): string[];
  /** Whether the value is kept encrypted: a file it goes into is `secret`. In events it shows as dots by itself. */
  isSecret(namespace: string, key: string): boolean;
}

/**
 * KV entries as one piece of code works on them: it reads what is stored and what it wrote itself. Others see that after
 * `commit`, and never if there is none (D20).
 */
export interface KvSession extends KvReader {
  /** Throws KV_REFUSED for what no hook of the job may write: all but `vars/job/<job>`, its secrets and `rollout_order`. */
  put(namespace: string, key: string, value: string): void;
  /** Deletes a key; answers whether there was one. */
  remove(namespace: string, key: string): boolean;
  /** Stores what was written, durably and as one. */
  commit(): void;
}
