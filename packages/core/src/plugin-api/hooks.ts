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
import type { HostKey } from "../remote/host-key.ts";
import type { Remote } from "../remote/remote.ts";
import type { ConnectContext } from "./base-contexts.ts";
import type {
  ActionContext,
  BatchContext,
  BeginContext,
  CommandContext,
  CommitContext,
  ContributeContext,
  ControlContext,
  InitContext,
  Login,
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
import type { ScopedJobContext } from "./scope.ts";

/** What a doing tap answers when it has done the work; silence (undefined) hands the question to the next tap. */
export type Done = "done";

/** What a tap may say of itself beside its name: `tapPromise({ name, concerns }, ...)`. */
export interface TapInterest {
  /** Whether it has anything to do for a job; without it: for every one. Asked before work is done on its account. */
  readonly concerns?: (job: Job) => boolean;
}

/**
 * Every hook there is, once. The engine loops and runs things in parallel; a tap does its work for the one unit its
 * context names, and is never called for a dry run, but for `before` when that is asked for. Order taps by the name of a
 * plugin (`before: "audit"`), never by number.
 * `HOOKS.md` repeats this table, and a test compares the two.
 */
export function createHooks() {
  return Object.freeze({
    /** Once per `maand init`, of a new bucket and of one from before: make what a bucket needs from its start. */
    init: new AsyncSeriesHook<[InitContext]>(["context"], "init"),
    /** Once per build: report problems of the workspace. No network, no writes. */
    validate: new AsyncSeriesHook<[ValidateContext]>(["context"], "validate"),
    /** Once per build and job, before its catalog is stored: add KV entries a job is to have, such as certificates. */
    contribute: new AsyncSeriesHook<[ContributeContext]>(["context"], "contribute"),
    /** Once per build and job, in wave order, after the catalog is committed. */
    built: new AsyncSeriesHook<[ScopedJobContext], TapInterest>(["context"], "built"),
    /** Once per deploy, before it touches anything: throw to refuse it. */
    begin: new AsyncSeriesHook<[BeginContext]>(["context"], "begin"),
    /** Once per worker, when it is first needed: answer a Remote for it, or stay silent. */
    connect: new AsyncSeriesBailHook<[ConnectContext], Remote | undefined>(["context"], "connect"),
    /** Once per worker of `maand worker trust`: answer the host key it shows, without logging in, or stay silent. */
    identify: new AsyncSeriesBailHook<[ConnectContext], HostKey | undefined>(["context"], "identify"),
    /** Once per worker that a command of a job logs in to by itself: answer with what, or stay silent. */
    login: new AsyncSeriesBailHook<[ConnectContext], Login | undefined>(["context"], "login"),
    /** Once per allocation that is rendered: say where the bucket's directory is on its worker, if not in `worker_root`. */
    locate: new SyncBailHook<[ConnectContext], string | undefined>(["context"], "locate"),
    /** Once per worker about to be touched: name the tools it must have, report what is wrong with it. */
    preflight: new AsyncSeriesHook<[PreflightContext]>(["context"], "preflight"),
    /** Once per job of a wave, before it is planned. */
    before: new AsyncSeriesHook<[ScopedJobContext], TapInterest>(["context"], "before"),
    /** Once per wave that has something to do, planned and not begun: throw to leave its jobs as they are. */
    wave: new AsyncSeriesHook<[WaveContext]>(["context"], "wave"),
    /** Once per allocation: a tree in, a tree out; runs before the digest, for a plan too, so it must only compute. */
    render: new AsyncSeriesWaterfallHook<[Tree, RenderContext]>(["tree", "context"], "render"),
    /** Once, before the first template is read: functions in, functions out; `current` gives the allocation being rendered. */
    functions: new SyncWaterfallHook<[TemplateFunctions, () => RenderContext]>(["functions", "current"], "functions"),
    /** Once per leaving allocation: with action `stop`, and then, when it is removed, with `remove`. */
    reconcile: new AsyncSeriesBailHook<[ActionContext], Done | undefined>(["context"], "reconcile"),
    /** Once per allocation that was stopped. */
    stopped: new AsyncSeriesHook<[StoppedContext]>(["context"], "stopped"),
    /** Once per worker and wave: bring trees and metadata to the worker, touching nothing that runs. */
    stage: new AsyncSeriesBailHook<[StageContext], Done | undefined>(["context"], "stage"),
    /** Once per job that needs rollout: take the whole rollout over, or stay silent. */
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
    /** Once per run, always, also after a partial or interrupted one: told the summary, it cannot change it. */
    commit: new AsyncSeriesHook<[CommitContext]>(["context"], "commit"),
    /** Once per allocation of a manual lifecycle command (`maand job`): run one target. */
    target: new AsyncSeriesBailHook<[TargetContext], Done | undefined>(["context"], "target"),
    /** Once per job of `maand jobcommand`: run one of its commands. */
    command: new AsyncSeriesBailHook<[CommandContext], Done | undefined>(["context"], "command"),
    /** Once per `maand doctor`: look at what this plugin stands on, tell what is well and what is not, change nothing. */
    examine: new AsyncSeriesHook<[ExamineContext]>(["context"], "examine"),
    /** Every event, at once; must not throw. */
    event: new SyncHook<[MaandEvent]>(["event"], "event"),
  });
}

/** The hooks a plugin taps. */
export type Hooks = ReturnType<typeof createHooks>;

/** A hook's name. */
export type HookName = keyof Hooks;

/**
 * Whether anybody taps a hook, or with `job`, taps it for that job. tapable's own `isUsed` counts interceptors too, and
 * every hook of ours has one.
 */
export function isTapped(hook: { readonly taps: readonly object[] }, job?: Job): boolean {
  return hook.taps.some((tap: object & TapInterest) => job === undefined || (tap.concerns?.(job) ?? true));
}

/** What a tap of a hook may be: it is given the hook's context, and answers at once or, where the hook waits, later. */
export type TapFunction<Name extends HookName> = Hooks[Name] extends {
  tapPromise(options: never, tap: (...given: infer Given) => Promise<infer Answer>): void;
}
  ? (...given: Given) => Answer | Promise<Answer>
  : Parameters<Hooks[Name]["tap"]>[1];

const SYNC: readonly unknown[] = [SyncHook, SyncBailHook, SyncWaterfallHook];
const BAIL: readonly unknown[] = [AsyncSeriesBailHook, SyncBailHook];

/** Whether a hook is answered by the first tap that says something, so that it matters who is asked first. */
export function isAnswered(hook: object): boolean {
  return BAIL.includes(hook.constructor);
}

/** Whether a hook is called without waiting for its taps. */
export function isInstant(hook: object): boolean {
  return SYNC.includes(hook.constructor);
}

/** Taps a hook that is known by its name only; what the tap answers is the hook's own affair. */
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
