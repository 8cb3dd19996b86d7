import { AsyncSeriesBailHook, SyncBailHook, SyncHook, SyncWaterfallHook } from "tapable";
import type { Job } from "../domain/workspace/job.ts";
import type { HookName, Hooks, TapInterest } from "./hooks.ts";

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

/**
 * Whether a hook has taps, or, with `job`, taps that concern the job. tapable's own `isUsed` also counts interceptors, and
 * every hook has one here.
 */
export function isTapped(hook: { readonly taps: readonly object[] }, job?: Job): boolean {
  return hook.taps.some((tap: object & TapInterest) => job === undefined || (tap.concerns?.(job) ?? true));
}

/** A tap's name, its position, and its line in a file where the stack does not show it. */
export interface TapOrder {
  readonly name: string;
  readonly before?: string;
  readonly stage?: number;
  readonly place?: string | undefined;
}

/** Taps a hook that is known only by name. */
export function tapByName(hooks: Hooks, name: HookName, order: TapOrder, tap: (...given: never[]) => unknown): void {
  const hook: object = hooks[name];
  const method: unknown = Reflect.get(hook, isInstant(hook) ? "tap" : "tapPromise");
  const later = async (...given: unknown[]): Promise<unknown> => Reflect.apply(tap, undefined, given);
  if (typeof method === "function") method.call(hook, order, isInstant(hook) ? tap : later);
}
