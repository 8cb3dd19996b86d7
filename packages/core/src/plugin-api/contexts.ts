import type { Problem, Report } from "../domain/checks/problem.ts";
import type { FileAccess } from "../domain/deploy/file-access.ts";
import type { ActionKind } from "../domain/deploy/plan.ts";
import type { Settings } from "../domain/settings/settings.ts";
import type { Allocation, Job, JobFile } from "../domain/workspace/job.ts";
import type { Worker } from "../domain/workspace/worker.ts";
import type { Remote } from "../remote/remote.ts";
import type { ActionStep, RunOnce, StepCommand } from "./action-step.ts";
import type { AllocationContext, JobContext, RunContext, WorkerContext } from "./base-contexts.ts";
import type { OwnedKeys } from "./define/claim.ts";
import type { KvReader } from "./kv.ts";
import type { ScopedJobContext } from "./scope.ts";

/** `begin`: a deploy holds the lock and has not changed anything yet; a thrown error refuses the deploy. */
export interface BeginContext extends RunContext {
  /** The clock. Use it instead of `new Date()`, so that tests can set the time. */
  now(): Date;
  /** The names given with `--jobs`; empty means all jobs. */
  readonly jobs: readonly string[];
  /** The digest of the saved plan that the deploy carries out; undefined for a deploy without one. @experimental */
  readonly plan?: string | undefined;
}

/** `preflight`: a run is about to change a worker. */
export interface PreflightContext extends WorkerContext {
  /** Requires a tool on the worker. maand checks for all required tools with one command and reports missing tools. */
  needs(tool: string): void;
  /** Reports any other problem of the worker. After an error, the allocations of the worker fail in this run. */
  readonly report: Report;
}

/** `init`: the directories and the store of the bucket exist, new or from an earlier init. */
export interface InitContext extends RunContext {
  /** The loaded plugins, whose declarations go into the files for editors. */
  readonly plugins: readonly OwnedKeys[];
  /** Reports a file that the tap wrote, relative to the bucket's directory. */
  wrote(file: string): void;
  /** The clock. Use it instead of `new Date()`, so that tests can set the time. */
  now(): Date;
}

/** `validate`: maand has read the workspace. It has stored nothing yet and contacts no worker. */
export interface ValidateContext {
  /** The settings of `maand.conf` and the configuration, with all defaults. */
  readonly settings: Settings;
  /** The clock. Use it instead of `new Date()`, so that tests can set the time. */
  now(): Date;
  /** The bucket's directory on this machine. */
  readonly bucket: { readonly root: string };
  /** All jobs. `manifest` contains the values of the keys that plugins claim. */
  readonly jobs: readonly Job[];
  /** All workers, by host and labels. */
  readonly workers: readonly Pick<Worker, "host" | "labels">[];
  /** All allocations: each job on each of its workers. */
  readonly allocations: readonly Allocation[];
  /** The bytes of a job's file. */
  read(file: JobFile): Uint8Array;
  /**
   * The KV entries that a job of `jobs` may read on any worker, as this build will store them, but without the
   * contributions of plugins.
   */
  kv(job: Job): KvReader;
  /** The plugin that claims the lifecycle of a job; undefined if none does. */
  runBy(job: Job): string | undefined;
  /** Reports a problem, created with `error` or `warning`. */
  readonly report: Report;
}

/** A file of an allocation's tree: stored content, named by its hash, or rendered content. */
export interface TreeFile extends JobFile {
  /** Set if the content is not one of the job's stored files. */
  readonly content?: Uint8Array;
  /** File mode; default 0644, or 0755 if executable. */
  readonly mode?: number;
  /** Mode, owner and group from `files` of the manifest or from `secret_files_mode`; set by core after `render`. */
  readonly access?: FileAccess;
  /** Whether the file contains a secret or a private key. If so, it is stored encrypted and masked in diffs. */
  readonly secret?: boolean;
}

/** All files of one allocation as they will be on the worker, sorted by path. */
export interface Tree {
  /** The files, sorted by path. */
  readonly files: readonly TreeFile[];
}

/**
 * `render`: a tree before its digest is computed. Return another tree; `read` returns the bytes of a file. maand may
 * render an allocation several times: first with the values of its last promotion and, if the result differs from the
 * promoted files, with the values of an unfinished deploy or of this deploy.
 */
export interface RenderContext extends AllocationContext {
  /** The version that ran before the deploy that these files belong to. */
  readonly currentVersion: string;
  /** The `update_seq` of that deploy. */
  readonly updateSeq: number;
  /** Absolute path of the bucket's directory on the worker. */
  readonly root: string;
  /** Job files that are not copied to the worker, such as `*.tpl`. */
  readonly sources: readonly JobFile[];
  /** The bytes of a file of the job. */
  read(file: JobFile): Uint8Array;
  /** The KV entries that the allocation may read. */
  readonly kv: KvReader;
}

/** A template function: a plain function, or one whose parameters are declared with `typed` of @maand/gotemplate. */
export type TemplateFunction = ((...args: never[]) => unknown) | { readonly params: readonly string[] };

/** The functions that templates can call, by name. */
export type TemplateFunctions = Readonly<Record<string, TemplateFunction>>;

/** The KV entries of a plugin: the entries of the last build, and the entries to store with this build. */
export interface KvContribution {
  /** A stored value, decrypted; undefined if there is none. */
  find(namespace: string, key: string): string | undefined;
  /** Stored keys of a namespace, sorted. */
  keys(namespace: string): string[];
  /**
   * Replaces all keys of a namespace that begin with `prefix` with `entries`. maand stores them together with the
   * catalog, encrypted if `isSecret` is true. Keys under `certs/` that no plugin syncs in a build stay unchanged. A job
   * may sync `maand/job/<job>`, `secrets/job/<job>`, the namespaces of its allocations, and the shared `maand/worker`
   * and `maand/prometheus`; any other namespace throws KV_REFUSED.
   */
  sync(namespace: string, prefix: string, entries: Readonly<Record<string, string>>): void;
  /**
   * Like `sync`, but for the namespaces of all allocations of the job: `entries` maps hosts to entries. If a host is
   * not in `entries`, maand deletes the keys that begin with `prefix` from the namespace of its allocation. An
   * allocation that has no entries, and had none before, costs no time.
   */
  syncAllocations(prefix: string, entries: ReadonlyMap<string, Readonly<Record<string, string>>>): void;
  /** Whether the value is stored encrypted. */
  isSecret(namespace: string, key: string): boolean;
}

/** `contribute`: the workspace is valid, and its catalog is about to be stored. */
export interface ContributeContext extends JobContext {
  /** The worker of each allocation, by host. */
  readonly workers: ReadonlyMap<string, Worker>;
  /** The KV entries of the plugin: the entries of the last build, and the entries to store with this build. */
  readonly kv: KvContribution;
  /** The clock. Use it instead of `new Date()`, so that tests can set the time. */
  now(): Date;
  /** Whether the build is only a preview for a plan. maand discards the contributions. Write nothing anywhere else. */
  readonly isPreview: boolean;
}

/** `stage`: copy the trees of all jobs of a wave, and the metadata, to one worker, in one operation. */
export interface StageContext extends WorkerContext {
  /** The jobs to copy. Make each `jobs/<name>/` equal to its tree, and do not change other jobs. */
  readonly jobs: readonly string[];
  /** The tree of each of `jobs`, as it must be in `jobs/<job>/`. */
  readonly trees: readonly { readonly job: string; readonly files: readonly TreeFile[] }[];
  /** Files directly in the bucket's directory, path to text: `worker.json`, `jobs.json`, `bin/<name>`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The bytes of a tree's file. */
  read(file: TreeFile): Uint8Array;
  /** The same files as local directories to merge, written on first access. For each path, the first directory wins. */
  readonly sources: readonly string[];
  /** Names of files and directories in a job's directory that belong to the running job. Never copy or delete them. */
  readonly keep: readonly string[];
  /**
   * The `keep` patterns of each job's manifest. The patterns match files that the job itself creates and that must not
   * be deleted. A pattern never prevents a file of the tree from being copied. `keepExpression` turns the patterns of a
   * job into a regular expression.
   */
  readonly protect: ReadonlyMap<string, readonly string[]>;
  /**
   * Reports a deleted path, such as `jobs/web/app.pid`, so that the summary can list deleted files that the job had
   * created.
   */
  deleted(path: string): void;
  /** The timeout of the entire copy, in milliseconds. */
  readonly timeoutMs: number;
}

/** One change to one allocation, on a connected worker. */
export interface ActionContext extends AllocationContext {
  /** The action on the process; `remove` means to delete the files of the job. */
  readonly action: { readonly kind: ActionKind };
  /** The open connection to the worker. */
  readonly remote: Remote;
  /** Absolute path of the job's directory on the worker. */
  readonly directory: string;
  /** The environment of lifecycle commands: `CURRENT_VERSION`, `NEW_VERSION`, `JOB`, `WORKER_IP` and others. */
  readonly env: Readonly<Record<string, string>>;
  /** The timeout of the action, in milliseconds. */
  readonly timeoutMs: number;
  /** The step under which the store records the action; absent for `remove`, and for a target that is run by hand. */
  readonly step?: ActionStep;
  /**
   * Runs a command as root in the job's directory, as `remote.exec` does, and logs its output. In a deploy, the command
   * runs only once: if maand is killed, the next deploy calls the tap again, and `once` then returns the recorded
   * result of a command that ended, waits for a command that is still running, and runs a command that never started.
   * Therefore always call `once` with the same commands in the same order. The command has no input, and maand stops it
   * when the run is interrupted.
   */
  readonly once: RunOnce;
}

/** `runOnce`: a command of a step, which must run once on its worker. */
export interface RunOnceContext extends Omit<ActionContext, "action" | "once"> {
  /** The step that the command is part of. */
  readonly step: ActionStep;
  /** The command to run, as root and in the job's directory. */
  readonly command: StepCommand;
}

/** `target`: one Makefile target of `maand job`. */
export interface TargetContext extends Omit<ActionContext, "action"> {
  /** The target as typed: `start`, `status` or any other. */
  readonly target: string;
}

/** `stopped`: one disabled or removed allocation was stopped. */
export interface StoppedContext extends AllocationContext, ScopedJobContext {}

/** One batch of a job's rollout. */
export interface BatchContext extends ScopedJobContext {
  /**
   * The batch: its number, the number of batches, whether it starts new allocations or updates running ones, and its
   * allocations.
   */
  readonly batch: {
    /** Counted from 0 over the whole rollout of the job. */
    readonly index: number;
    readonly count: number;
    readonly phase: "new" | "update";
    readonly allocations: readonly Allocation[];
  };
  /** Hosts of all active allocations in rollout order. */
  readonly rolloutOrder: readonly string[];
  /** The source of the order: `kv` if a job command set it in the KV store, `default` for the order of the workers. */
  readonly rolloutOrderSource: "kv" | "default";
}

/** `orchestrate`: the rollout of a job, which the tap may take over. */
export interface OrchestrateContext extends ScopedJobContext {
  /** Hosts of the allocations to start. */
  readonly newAllocations: readonly string[];
  /** Hosts of the allocations to upgrade. */
  readonly updatedAllocations: readonly string[];
  /**
   * Rolls out to these hosts now, in the usual batches, and promotes and checks each batch. If the tap then returns
   * `undefined`, maand rolls out to the remaining hosts as usual; `"done"` means that the plugin has handled these
   * hosts. Throws if a batch fails. Calls run one after another. The rollout continues when all calls have finished,
   * including calls that the tap did not await, and a failed call fails the job.
   */
  rollOut(hosts: readonly string[]): Promise<void>;
  /** Checks the health of all active allocations once, and marks unhealthy ones. Throws UNHEALTHY if there are any. */
  checkHealth(): Promise<void>;
}

/** @deprecated Renamed to `OrchestrateContext`. */
export type ControlContext = OrchestrateContext;

/** The result of one health check on one worker. */
export interface HealthResult {
  /** The worker that was checked. */
  readonly host: string;
  /** `tcp`, `http`, `ssh`, `command`, ... */
  readonly type: string;
  /** What was checked: `10.0.0.1:8080/ready`. */
  readonly target: string;
  /** Whether the check passed. */
  readonly ok: boolean;
  /** The reason for a failure, or the response. */
  readonly message: string;
}

/** `verify`: check a job. Throw UNHEALTHY if it is not healthy. */
export interface VerifyContext extends ScopedJobContext {
  /** The active allocations to check. */
  readonly active: readonly Allocation[];
  /** True: wait until healthy, within the limits of the manifest. False: check once. */
  readonly wait: boolean;
  /** The connection to the worker of an active allocation, for checks that run there. */
  remote(host: string): Promise<Remote>;
  /** Reports the result of one check; a job without reports counts as not checked. */
  report(result: HealthResult): void;
  /**
   * Sets the time between repeated checks, in milliseconds, for example after a step of a staged rollout. The default
   * is 1,000. If several taps set it, the longest time applies.
   */
  checkEvery(ms: number): void;
}

/** `command`: run a command of a job (`maand jobcommand`). */
export interface CommandContext extends ScopedJobContext {
  /** The name of the command. */
  readonly command: string;
  /** The number of allocations to run the command for at the same time. */
  readonly concurrency: number;
}

export type { ActionKind, Problem };
