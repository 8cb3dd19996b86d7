import {
  AsyncSeriesBailHook,
  AsyncSeriesHook,
  AsyncSeriesWaterfallHook,
  SyncBailHook,
  SyncHook,
  SyncWaterfallHook,
} from "tapable";
import type { Job } from "../domain/workspace/job.ts";
import type { MaandEvent } from "../events.ts";
import type { ExecResult, Remote } from "../remote/remote.ts";
import type { ConnectContext, HostKey, LocateContext, Login } from "./base-contexts.ts";
import type { ExamineContext } from "./contexts/examine-context.ts";
import type { InspectContext, Inspection } from "./contexts/inspect-context.ts";
import type { Inventory, InventoryContext } from "./contexts/inventory-context.ts";
import type { PermitContext } from "./contexts/permit-context.ts";
import type { CommitBuildContext, CommitContext } from "./contexts/recorded-context.ts";
import type { ResolvedSecrets, ResolveSecretsContext } from "./contexts/secrets-context.ts";
import type { WorkerCommandContext } from "./contexts/worker-command-context.ts";
import type {
  ActionContext,
  BatchContext,
  BeginContext,
  CommandContext,
  ContributeContext,
  InitContext,
  OrchestrateContext,
  PreflightContext,
  RenderContext,
  RunOnceContext,
  StageContext,
  StoppedContext,
  TargetContext,
  TemplateFunctions,
  Tree,
  ValidateContext,
  VerifyContext,
} from "./contexts.ts";
import type { ScopedJobContext } from "./scope.ts";
import { type RenamedHooks, withOldNames } from "./tapping/renamed-hooks.ts";

/** The return value of a tap that did the work; `undefined` passes the work to the next tap. */
export type Done = "done";

/** The options of a tap, in addition to its name: `tapPromise({ name, concerns }, ...)`. */
export interface TapInterest {
  /** Whether the tap has work for a job; default: for every job. Called before any work is done for the tap. */
  readonly concerns?: (job: Job) => boolean;
}

/** What the result of a tap depends on. A tap may declare it with its name: `tapPromise({ name, sameForAll }, ...)`. */
export interface TapSharing {
  /**
   * Whether the tap returns the same files for every allocation of a job, in every deploy of a build; default: false
   * for every job. If this is true for all taps, the job is rendered once, for the first of its allocations.
   */
  readonly sameForAll?: (job: Job) => boolean;
}

/** The timeout of a tap. A tap may declare it with its name: `tapPromise({ name, limitMs }, ...)`. */
export interface TapLimit {
  /**
   * How long the tap may run without any activity, in milliseconds, or a function of its context that returns this. A
   * value lower than the limit of the hook has no effect.
   */
  readonly limitMs?: number | ((context: never) => number);
}

/** The phases of a deploy. */
function phases() {
  return {
    /**
     * Called once per disabled or removed allocation: with action `stop`, and then, if it was removed, with `remove`.
     */
    reconcile: new AsyncSeriesBailHook<[ActionContext], Done | undefined, TapLimit>(["context"], "reconcile"),
    /** Called once per worker and wave: copy trees and metadata to the worker, without touching running processes. */
    stage: new AsyncSeriesBailHook<[StageContext], Done | undefined, TapLimit>(["context"], "stage"),
    /** Called once per allocation of a batch: start, restart or reload it. */
    rollout: new AsyncSeriesBailHook<[ActionContext], Done | undefined, TapLimit>(["context"], "rollout"),
    /** Called once per batch, just before the store records it as running. */
    promote: new AsyncSeriesHook<[BatchContext], TapLimit>(["context"], "promote"),
    /**
     * Called once per run, even after a partial or interrupted run. It receives the summary and cannot change the
     * result.
     */
    commit: new AsyncSeriesHook<[CommitContext], TapLimit>(["context"], "commit"),
  };
}

/** A deploy, around its phases. */
function deployMoments() {
  return {
    /** Called once per deploy, before it changes anything: throw to refuse the deploy. */
    begin: new AsyncSeriesHook<[BeginContext], TapLimit>(["context"], "begin"),
    /**
     * Called up to twice per wave with changes: before it stops and removes allocations, and before it rolls out. Throw
     * to refuse these changes. @experimental
     */
    permit: new AsyncSeriesHook<[PermitContext], TapLimit>(["context"], "permit"),
    /** Called once per job of a wave, before the job is planned. */
    beforeJob: new AsyncSeriesHook<[ScopedJobContext], TapInterest & TapLimit>(["context"], "beforeJob"),
    /**
     * Called once per job that needs a rollout, or per step of a staged rollout: take over the rollout, or return
     * undefined.
     */
    orchestrate: new AsyncSeriesBailHook<[OrchestrateContext], Done | undefined, TapInterest & TapLimit>(
      ["context"],
      "orchestrate",
    ),
    /**
     * Called once per command that a tap runs with `once` in a deploy: run the command once on its worker, or return
     * undefined.
     */
    runOnce: new AsyncSeriesBailHook<[RunOnceContext], ExecResult | undefined, TapLimit>(["context"], "runOnce"),
    /** Called once per batch, after its lifecycle commands succeeded. */
    started: new AsyncSeriesHook<[BatchContext], TapLimit>(["context"], "started"),
    /** Called once per batch or job, and repeatedly during a soak: throw if the job is not healthy. */
    verify: new AsyncSeriesHook<[VerifyContext], TapInterest & TapLimit>(["context"], "verify"),
    /** Called once per allocation that was stopped. */
    stopped: new AsyncSeriesHook<[StoppedContext], TapLimit>(["context"], "stopped"),
    /** Called once per job, after its rollout. */
    afterJob: new AsyncSeriesHook<[ScopedJobContext], TapInterest & TapLimit>(["context"], "afterJob"),
  };
}

/** Workers and connections. */
function workerHooks() {
  return {
    /** Called once per worker, when a run first needs it: return a Remote for it, or undefined. */
    connect: new AsyncSeriesBailHook<[ConnectContext], Remote | undefined, TapLimit>(["context"], "connect"),
    /**
     * Called when maand connects to a worker, and when it needs the worker's directory without a connection, for
     * example to render files: return the bucket's directory on the worker, if it is not in `worker_root`.
     */
    locate: new SyncBailHook<[LocateContext], string | undefined>(["context"], "locate"),
    /** Called once per worker, before the run changes it: require tools, report problems. */
    preflight: new AsyncSeriesHook<[PreflightContext], TapLimit>(["context"], "preflight"),
    /**
     * Called once per maintenance command on a worker: run the command once there, or return undefined. @experimental
     */
    runOnWorker: new AsyncSeriesBailHook<[WorkerCommandContext], ExecResult | undefined, TapLimit>(
      ["context"],
      "runOnWorker",
    ),
    /** Called once per worker that job commands log in to: return user, key and port, or undefined. @experimental */
    login: new AsyncSeriesBailHook<[LocateContext], Login | undefined, TapLimit>(["context"], "login"),
    /**
     * Called once per worker of `maand worker trust`: return its host key, without logging in, or undefined.
     * @experimental
     */
    identify: new AsyncSeriesBailHook<[LocateContext], HostKey | undefined, TapLimit>(["context"], "identify"),
    /** Called once per worker of `maand import`: return the current files of its jobs, or undefined. @experimental */
    inventory: new AsyncSeriesBailHook<[InventoryContext], Inventory | undefined, TapLimit>(["context"], "inventory"),
    /**
     * Called once per worker of `maand drift` and `maand deploy --verify`: return the contents of its job directories,
     * or undefined. @experimental
     */
    inspect: new AsyncSeriesBailHook<[InspectContext], Inspection | undefined, TapLimit>(["context"], "inspect"),
  };
}

/** Files. */
function fileHooks() {
  return {
    /**
     * Called once per allocation, before its digest is computed: receive a tree, return a tree. Also called for a plan,
     * so a tap must have no side effects.
     */
    render: new AsyncSeriesWaterfallHook<[Tree, RenderContext], Tree, TapLimit & TapSharing>(
      ["tree", "context"],
      "render",
    ),
    /**
     * Called once, before the first template is read: receive functions, return functions; `current` returns the
     * allocation being rendered.
     */
    templateFunctions: new SyncWaterfallHook<[TemplateFunctions, () => RenderContext]>(
      ["functions", "current"],
      "templateFunctions",
    ),
  };
}

/** Build. */
function buildHooks() {
  return {
    /** Called once per `maand init`, for new and existing buckets: create what a bucket needs. */
    init: new AsyncSeriesHook<[InitContext], TapLimit>(["context"], "init"),
    /**
     * Called once per provider that a build or `maand secret refresh` reads secrets from: return the value of each
     * reference, or undefined. @experimental
     */
    resolveSecrets: new AsyncSeriesBailHook<[ResolveSecretsContext], ResolvedSecrets | undefined, TapLimit>(
      ["context"],
      "resolveSecrets",
    ),
    /** Called once per build: report problems of the workspace. A tap uses no network and writes nothing. */
    validate: new AsyncSeriesHook<[ValidateContext], TapLimit>(["context"], "validate"),
    /**
     * Called once per build and job, before the catalog is stored: add KV entries for the job, such as certificates.
     */
    contribute: new AsyncSeriesHook<[ContributeContext], TapLimit>(["context"], "contribute"),
    /** Called once per build and job, in wave order, after the catalog is stored. */
    afterBuild: new AsyncSeriesHook<[ScopedJobContext], TapInterest & TapLimit>(["context"], "afterBuild"),
    /**
     * Called once per build that is not part of a deploy, at its end; a thrown error becomes a warning. @experimental
     */
    commitBuild: new AsyncSeriesHook<[CommitBuildContext], TapLimit>(["context"], "commitBuild"),
  };
}

/** Manual commands. */
function handHooks() {
  return {
    /** Called once per allocation of a manual lifecycle command (`maand job`): run one target. */
    target: new AsyncSeriesBailHook<[TargetContext], Done | undefined, TapLimit>(["context"], "target"),
    /** Called once per job of `maand jobcommand`: run one of its commands. */
    command: new AsyncSeriesBailHook<[CommandContext], Done | undefined, TapLimit>(["context"], "command"),
    /** Called once per `maand doctor`: check what the plugin depends on, report the results, and change nothing. */
    examine: new AsyncSeriesHook<[ExamineContext], TapLimit>(["context"], "examine"),
  };
}

/** Events. */
function eventHooks() {
  return {
    /** Called once per event, synchronously. A tap must not throw. */
    event: new SyncHook<[MaandEvent]>(["event"], "event"),
  };
}

/** Every hook under its name, in new objects. Each group above is a table of `HOOKS.md`; a test compares the two. */
function declareHooks() {
  return {
    ...phases(),
    ...deployMoments(),
    ...workerHooks(),
    ...fileHooks(),
    ...buildHooks(),
    ...handHooks(),
    ...eventHooks(),
  };
}

type DeclaredHooks = ReturnType<typeof declareHooks>;

/** The hooks that a plugin can tap; renamed hooks also have their old names. */
export type Hooks = Readonly<DeclaredHooks> & RenamedHooks<DeclaredHooks>;

/** A hook's name. */
export type HookName = keyof DeclaredHooks;

/**
 * Every hook. The engine loops over units and runs them in parallel; a tap works for the one unit its context names. A
 * dry run calls no hook that changes anything, except `beforeJob` with `--with-hooks`. Order taps by name (`before:
 * "audit"`), never by number.
 */
export function createHooks(): Hooks {
  return Object.freeze(withOldNames(declareHooks()));
}

/** The type of a tap: it receives the hook's context, and returns a value or, for asynchronous hooks, a promise. */
export type TapFunction<Name extends HookName> = DeclaredHooks[Name] extends {
  tapPromise(options: never, tap: (...given: infer Given) => Promise<infer Answer>): void;
}
  ? (...given: Given) => Answer | Promise<Answer>
  : Parameters<DeclaredHooks[Name]["tap"]>[1];

const SYNC: readonly unknown[] = [SyncHook, SyncBailHook, SyncWaterfallHook];
const BAIL: readonly unknown[] = [AsyncSeriesBailHook, SyncBailHook];

/** Whether the hook stops at the first tap that returns a value (a bail hook), so the order of taps matters. */
export function isAnswered(hook: object): boolean {
  return BAIL.includes(hook.constructor);
}

/** Whether a hook is synchronous. */
export function isInstant(hook: object): boolean {
  return SYNC.includes(hook.constructor);
}
