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
import type { Remote } from "../remote/remote.ts";
import type { ConnectContext, HostKey, Login } from "./base-contexts.ts";
import type {
  ActionContext,
  BatchContext,
  BeginContext,
  CommandContext,
  CommitContext,
  ContributeContext,
  ControlContext,
  InitContext,
  PreflightContext,
  RenderContext,
  StageContext,
  StoppedContext,
  TargetContext,
  TemplateFunctions,
  Tree,
  ValidateContext,
  VerifyContext,
  WaveContext,
} from "./contexts.ts";
import type { ExamineContext } from "./examine-context.ts";
import type { Inventory, InventoryContext } from "./inventory-context.ts";
import type { ScopedJobContext } from "./scope.ts";

/** The answer of a tap that did the work; `undefined` passes to the next tap. */
export type Done = "done";

/** What a tap may declare beside its name: `tapPromise({ name, concerns }, ...)`. */
export interface TapInterest {
  /** Whether the tap has work for a job; default: for every job. Called before any work is done for the tap. */
  readonly concerns?: (job: Job) => boolean;
}

/**
 * Every hook. The engine loops over units and runs them in parallel; a tap works for the one unit its context names. A dry run
 * calls no hook that changes anything, except `before` with `--with-hooks`. Order taps by name (`before: "audit"`), never by
 * number. `HOOKS.md` repeats this table, and a test compares the two.
 */
export function createHooks() {
  return Object.freeze({
    /** Once per `maand init`, for new and existing buckets: create what a bucket needs. */
    init: new AsyncSeriesHook<[InitContext]>(["context"], "init"),
    /** Once per build: report problems of the workspace. No network, no writes. */
    validate: new AsyncSeriesHook<[ValidateContext]>(["context"], "validate"),
    /** Once per build and job, before the catalog is stored: add KV entries for the job, such as certificates. */
    contribute: new AsyncSeriesHook<[ContributeContext]>(["context"], "contribute"),
    /** Once per build and job, in wave order, after the catalog is stored. */
    built: new AsyncSeriesHook<[ScopedJobContext], TapInterest>(["context"], "built"),
    /** Once per deploy, before it touches anything: throw to refuse the deploy. */
    begin: new AsyncSeriesHook<[BeginContext]>(["context"], "begin"),
    /** Once per worker, when a run first needs it: return a Remote for it, or undefined. */
    connect: new AsyncSeriesBailHook<[ConnectContext], Remote | undefined>(["context"], "connect"),
    /** Once per worker of `maand worker trust`: return its host key, without logging in, or undefined. */
    identify: new AsyncSeriesBailHook<[ConnectContext], HostKey | undefined>(["context"], "identify"),
    /** Once per worker that a command of a job logs in to by itself: return user, key and port, or undefined. */
    login: new AsyncSeriesBailHook<[ConnectContext], Login | undefined>(["context"], "login"),
    /** Once per allocation that is rendered: return the bucket's directory on its worker, if it is not in `worker_root`. */
    locate: new SyncBailHook<[ConnectContext], string | undefined>(["context"], "locate"),
    /** Once per worker of `maand import`: return the files of its jobs as they are there, or undefined. Changes nothing. */
    inventory: new AsyncSeriesBailHook<[InventoryContext], Inventory | undefined>(["context"], "inventory"),
    /** Once per worker about to be touched: require tools, report problems. */
    preflight: new AsyncSeriesHook<[PreflightContext]>(["context"], "preflight"),
    /** Once per job of a wave, before it is planned. */
    before: new AsyncSeriesHook<[ScopedJobContext], TapInterest>(["context"], "before"),
    /** Once per wave with changes, after it is planned and before it starts: throw to refuse the changes. */
    wave: new AsyncSeriesHook<[WaveContext]>(["context"], "wave"),
    /** Once per allocation, before its digest: receive a tree, return a tree. Also called for a plan, so it must only compute. */
    render: new AsyncSeriesWaterfallHook<[Tree, RenderContext]>(["tree", "context"], "render"),
    /** Once, before the first template is read: receive functions, return functions; `current` returns the allocation being rendered. */
    functions: new SyncWaterfallHook<[TemplateFunctions, () => RenderContext]>(["functions", "current"], "functions"),
    /** Once per disabled or removed allocation: with action `stop`, and then, if it was removed, with `remove`. */
    reconcile: new AsyncSeriesBailHook<[ActionContext], Done | undefined>(["context"], "reconcile"),
    /** Once per allocation that was stopped. */
    stopped: new AsyncSeriesHook<[StoppedContext]>(["context"], "stopped"),
    /** Once per worker and wave: copy trees and metadata to the worker, without touching what runs. */
    stage: new AsyncSeriesBailHook<[StageContext], Done | undefined>(["context"], "stage"),
    /** Once per job that needs a rollout: lead the rollout, or return undefined. */
    control: new AsyncSeriesBailHook<[ControlContext], Done | undefined, TapInterest>(["context"], "control"),
    /** Once per allocation of a batch: start, restart or reload it. */
    rollout: new AsyncSeriesBailHook<[ActionContext], Done | undefined>(["context"], "rollout"),
    /** Once per batch, after its lifecycle commands succeeded. */
    started: new AsyncSeriesHook<[BatchContext]>(["context"], "started"),
    /** Once per batch, just before the store records it as running. */
    promote: new AsyncSeriesHook<[BatchContext]>(["context"], "promote"),
    /** Once per batch or job: throw if it is not healthy. */
    verify: new AsyncSeriesHook<[VerifyContext], TapInterest>(["context"], "verify"),
    /** Once per job, after its rollout. */
    after: new AsyncSeriesHook<[ScopedJobContext], TapInterest>(["context"], "after"),
    /** Once per run, always, also after a partial or interrupted run: receives the summary and cannot change it. */
    commit: new AsyncSeriesHook<[CommitContext]>(["context"], "commit"),
    /** Once per allocation of a manual lifecycle command (`maand job`): run one target. */
    target: new AsyncSeriesBailHook<[TargetContext], Done | undefined>(["context"], "target"),
    /** Once per job of `maand jobcommand`: run one of its commands. */
    command: new AsyncSeriesBailHook<[CommandContext], Done | undefined>(["context"], "command"),
    /** Once per `maand doctor`: check what this plugin depends on, report it, change nothing. */
    examine: new AsyncSeriesHook<[ExamineContext]>(["context"], "examine"),
    /** Every event, synchronously; must not throw. */
    event: new SyncHook<[MaandEvent]>(["event"], "event"),
  });
}

/** The hooks a plugin taps. */
export type Hooks = ReturnType<typeof createHooks>;

/** A hook's name. */
export type HookName = keyof Hooks;

/**
 * Whether a hook has taps, or, with `job`, taps that concern the job. tapable's own `isUsed` also counts interceptors, and
 * every hook has one here.
 */
export function isTapped(hook: { readonly taps: readonly object[] }, job?: Job): boolean {
  return hook.taps.some((tap: object & TapInterest) => job === undefined || (tap.concerns?.(job) ?? true));
}

/** The type of a tap: it receives the hook's context, and returns its answer or, for asynchronous hooks, a promise. */
export type TapFunction<Name extends HookName> = Hooks[Name] extends {
  tapPromise(options: never, tap: (...given: infer Given) => Promise<infer Answer>): void;
}
  ? (...given: Given) => Answer | Promise<Answer>
  : Parameters<Hooks[Name]["tap"]>[1];

const SYNC: readonly unknown[] = [SyncHook, SyncBailHook, SyncWaterfallHook];
const BAIL: readonly unknown[] = [AsyncSeriesBailHook, SyncBailHook];

/** Whether the first tap that returns a value answers the hook, so that order matters. */
export function isAnswered(hook: object): boolean {
  return BAIL.includes(hook.constructor);
}

/** Whether a hook is synchronous. */
export function isInstant(hook: object): boolean {
  return SYNC.includes(hook.constructor);
}

/** Taps a hook that is known only by name. */
export function tapByName(
  hooks: Hooks,
  name: HookName,
  order: { readonly name: string; readonly before?: string; readonly stage?: number },
  tap: (...given: never[]) => unknown,
): void {
  const hook: object = hooks[name];
  const method: unknown = Reflect.get(hook, isInstant(hook) ? "tap" : "tapPromise");
  const later = async (...given: unknown[]): Promise<unknown> => Reflect.apply(tap, undefined, given);
  if (typeof method === "function") method.call(hook, order, isInstant(hook) ? tap : later);
}
