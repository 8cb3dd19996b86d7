import type { Job } from "../../domain/workspace/job.ts";
import { type HookName, type Hooks, isInstant, type TapInterest, type TapSharing } from "../hooks.ts";

/**
 * Whether a hook has taps or, with `job`, taps that concern the job. tapable's own `isUsed` also counts interceptors,
 * which every hook in maand has.
 */
export function isTapped(hook: { readonly taps: readonly object[] }, job?: Job): boolean {
  return hook.taps.some((tap: object & TapInterest) => job === undefined || (tap.concerns?.(job) ?? true));
}

/** Whether all taps of a hook return the same files for every allocation of a job. */
export function isSameForAll(hook: { readonly taps: readonly object[] }, job: Job): boolean {
  return hook.taps.every((tap: object & TapSharing) => tap.sameForAll?.(job) ?? false);
}

/** A tap's name, its position, and its line in a file if the stack does not show it. */
export interface TapOrder {
  readonly name: string;
  readonly before?: string;
  readonly stage?: number;
  readonly place?: string | undefined;
}

/** Taps a hook whose name is known only at run time. */
export function tapByName(hooks: Hooks, name: HookName, order: TapOrder, tap: (...given: never[]) => unknown): void {
  const hook: object = hooks[name];
  const method: unknown = Reflect.get(hook, isInstant(hook) ? "tap" : "tapPromise");
  const later = async (...given: unknown[]): Promise<unknown> => Reflect.apply(tap, undefined, given);
  if (typeof method === "function") method.call(hook, order, isInstant(hook) ? tap : later);
}
