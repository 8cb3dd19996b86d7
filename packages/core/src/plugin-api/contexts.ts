import type { Problem, Report } from "../domain/checks/problem.ts";
import type { ActionKind, PlannedAction } from "../domain/deploy/plan.ts";
import type { Settings } from "../domain/settings/settings.ts";
import type { Allocation, Job, JobFile } from "../domain/workspace/job.ts";
import type { Worker } from "../domain/workspace/worker.ts";
import type { Remote } from "../remote/remote.ts";
import type { Summary } from "../summary.ts";
import type { AllocationContext, JobContext, RunContext, WorkerContext } from "./base-contexts.ts";
import type { KvReader } from "./kv.ts";
import type { ScopedJobContext } from "./scope.ts";

/** `begin`: a deploy holds the lock, and has touched nothing yet; a throw refuses it. */
export interface BeginContext extends RunContext {
  /** The clock; a tap reads none of its own. */
  now(): Date;
  /** Names given with `--jobs`; none means all jobs. */
  readonly jobs: readonly string[];
}

/** `wave`: what is about to be done to the jobs of one wave; nothing of it was begun. */
export interface WaveContext extends RunContext {
  readonly wave: {
    readonly deploymentSeq: number;
    /** Jobs with something to do, in the order of their names. */
    readonly jobs: readonly {
      readonly job: Job;
      /** Allocations that are not left as they are; `sync` brings files and runs nothing. */
      readonly allocations: readonly {
        readonly worker: Worker;
        readonly action: PlannedAction;
        readonly currentVersion: string;
      }[];
    }[];
  };
}

/** How programs other than maand log in to a worker. */
export interface Login {
  readonly user: string;
  readonly port: number;
  /** Absolute path of the private key. */
  readonly keyFile: string;
  /** Whether commands there are run through sudo. */
  readonly sudo: boolean;
}

/** `preflight`: a worker is about to be touched. */
export interface PreflightContext extends WorkerContext {
  /** Asks for a tool on the worker. All tools asked for are looked up in one command; missing ones are reported. */
  needs(tool: string): void;
  /** Reports anything else that is wrong with the worker; an error leaves its allocations out of this run. */
  readonly report: Report;
}

/** `init`: the bucket's directories and its store are there, whether new or from before. */
export interface InitContext extends RunContext {
  /** The clock; a tap reads none of its own. */
  now(): Date;
}

/** `validate`: the workspace was read; nothing is stored yet and nobody is contacted. */
export interface ValidateContext {
  readonly settings: Settings;
  /** The clock; a tap reads none of its own. */
  now(): Date;
  readonly bucket: { readonly root: string };
  readonly jobs: readonly Job[];
  readonly workers: readonly Pick<Worker, "host" | "labels">[];
  readonly allocations: readonly Allocation[];
  /** The bytes of a job's file. */
  read(file: JobFile): Uint8Array;
  /** The plugin that starts and stops a job, as a claim of its manifest says; undefined when no plugin claims that. */
  runBy(job: Job): string | undefined;
  readonly report: Report;
}

/** A file of an allocation's tree: content by hash, or rendered and carried along. */
export interface TreeFile extends JobFile {
  /** Present when the content is not among the job's stored files. */
  readonly content?: Uint8Array;
  /** File mode; default 0644, or 0755 when executable. */
  readonly mode?: number;
  /** A secret or private key went into it: kept encrypted, masked in diffs. */
  readonly secret?: boolean;
}

/** All files of one allocation as they will be on the worker, sorted by path. */
export interface Tree {
  readonly files: readonly TreeFile[];
}

/**
 * `render`: a tree on its way to its digest. Answer another tree; `ctx.read` gives a file's bytes. An allocation may be
 * rendered twice: as it was promoted, and, if that shows a change, for the deploy that is planned.
 */
export interface RenderContext extends AllocationContext {
  /** Version that ran before the deploy that brings, or brought, these files. */
  readonly currentVersion: string;
  /** The bucket's `update_seq` in that deploy. */
  readonly updateSeq: number;
  /** Absolute path of the bucket's directory on the worker. */
  readonly root: string;
  /** Job files that do not reach the worker themselves, such as `*.tpl`. */
  readonly sources: readonly JobFile[];
  read(file: JobFile): Uint8Array;
  readonly kv: KvReader;
}

/** What a template calls: a function, or one whose parameters are declared with `typed` of @maand/gotemplate. */
export type TemplateFunction = ((...args: never[]) => unknown) | { readonly params: readonly string[] };

/** Functions templates may call, by name. */
export type TemplateFunctions = Readonly<Record<string, TemplateFunction>>;

/** What a plugin has in the KV store, as the last build left it, and what it is to have after this one. */
export interface KvContribution {
  /** A stored value in clear text; undefined when there is none. */
  find(namespace: string, key: string): string | undefined;
  /** Stored keys of a namespace, sorted. */
  keys(namespace: string): string[];
  /**
   * Makes `entries` all there is in a namespace under keys that begin with `prefix`; others there are deleted. It is stored
   * with the catalog, or not at all, and encrypted where `isSecret` holds. What is under `certs/` and nobody syncs in a
   * build stays as it is. A job may sync `maand/job/<job>`, the namespaces of its allocations, and the shared `maand/worker`
   * and `maand/prometheus`; any other is KV_REFUSED.
   */
  sync(namespace: string, prefix: string, entries: Readonly<Record<string, string>>): void;
  isSecret(namespace: string, key: string): boolean;
}

/** `contribute`: the workspace is understood, and its catalog is about to be stored. */
export interface ContributeContext extends JobContext {
  /** The worker of each allocation, by host. */
  readonly workers: ReadonlyMap<string, Worker>;
  readonly kv: KvContribution;
  /** The clock; a tap reads none of its own. */
  now(): Date;
}

/** `stage`: one worker is to get the trees of all its jobs of a wave, and its metadata, in one go. */
export interface StageContext extends WorkerContext {
  /** Names of the jobs that come. Each `jobs/<name>/` is made equal to its tree; no other job is touched. */
  readonly jobs: readonly string[];
  /** The tree of each of `jobs`, as it is to be below `jobs/<job>/`. */
  readonly trees: readonly { readonly job: string; readonly files: readonly TreeFile[] }[];
  /** Files of the bucket's directory itself, path to text: `worker.json`, `jobs.json`, `bin/<name>`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The bytes of a tree's file. */
  read(file: TreeFile): Uint8Array;
  /** The same as local directories, to be merged, the first one winning; written when first asked for. */
  readonly sources: readonly string[];
  /** Names directly in a job's directory that belong to the job at runtime: never sent, never deleted. */
  readonly keep: readonly string[];
  /**
   * Patterns by job, as in `keep` of its manifest, of what the job makes itself in its directory: not deleted. They never
   * keep a file of the tree from being brought. `keepExpression` turns a job's patterns into a regular expression.
   */
  readonly protect: ReadonlyMap<string, readonly string[]>;
  /** Tells of a path, such as `jobs/web/app.pid`, that was deleted: of what the job made itself the operator learns (D38). */
  deleted(path: string): void;
  /** Milliseconds the whole sync may take. */
  readonly timeoutMs: number;
}

/** One change to one allocation, on a connected worker. */
export interface ActionContext extends AllocationContext {
  readonly action: { readonly kind: ActionKind };
  readonly remote: Remote;
  /** Absolute directory of the job on the worker. */
  readonly directory: string;
  /** Lifecycle environment (seed jobs-and-lifecycle, decision 32). */
  readonly env: Readonly<Record<string, string>>;
  /** Milliseconds the action may take. */
  readonly timeoutMs: number;
}

/** `target`: one Makefile target by hand (`maand job`). */
export interface TargetContext extends Omit<ActionContext, "action"> {
  readonly target: string;
}

/** `stopped`: one allocation was stopped, to be in maintenance or to be removed. */
export interface StoppedContext extends AllocationContext, ScopedJobContext {}

/** One batch of a job's rollout. */
export interface BatchContext extends ScopedJobContext {
  readonly batch: {
    /** Counted from 0, over the whole rollout of the job. */
    readonly index: number;
    readonly count: number;
    readonly phase: "new" | "update";
    readonly allocations: readonly Allocation[];
  };
  /** Hosts of all active allocations in the order used. */
  readonly rolloutOrder: readonly string[];
  readonly rolloutOrderSource: "kv" | "default";
}

/** `control`: the whole rollout of a job, for whoever wants to take it over. */
export interface ControlContext extends ScopedJobContext {
  /** Hosts of allocations to be started. */
  readonly newAllocations: readonly string[];
  /** Hosts of allocations to be upgraded. */
  readonly updatedAllocations: readonly string[];
  /**
   * Rolls these out now, of those above, as it is done for a job nobody takes over: in batches, each promoted and then
   * checked. What was rolled out so stays, whatever the tap answers: silence leaves the rest to be rolled out as usual,
   * and `"done"` means that the rest was done otherwise. Throws as the batches do.
   */
  rollOut(hosts: readonly string[]): Promise<void>;
  /** Asks the job's health once, of all its active allocations; those found sick are marked. Throws UNHEALTHY. */
  checkHealth(): Promise<void>;
}

/** One thing a health check looked at. */
export interface HealthResult {
  readonly host: string;
  /** `tcp`, `http`, `ssh`, `command`, ... */
  readonly type: string;
  /** What was asked: `10.0.0.1:8080/ready`. */
  readonly target: string;
  readonly ok: boolean;
  /** Why not, or how it answered. */
  readonly message: string;
}

/** `verify`: is this job healthy? Throw UNHEALTHY if not. */
export interface VerifyContext extends ScopedJobContext {
  /** The job's active allocations: who is asked. */
  readonly active: readonly Allocation[];
  /** Wait as the manifest says until healthy; otherwise ask once. */
  readonly wait: boolean;
  /** Connection to an active allocation's worker, for checks that run there. */
  remote(host: string): Promise<Remote>;
  /** Tells what one check found; a job nobody reports anything of counts as not checked. */
  report(result: HealthResult): void;
}

/** `command`: a command of a job is asked for by hand (`maand jobcommand`). */
export interface CommandContext extends ScopedJobContext {
  readonly command: string;
  /** Allocations it may run for at the same time. */
  readonly concurrency: number;
}

/** `commit`: the run is over, however it ended. */
export interface CommitContext extends RunContext {
  readonly summary: Summary;
}

export type { ActionKind, Problem };
