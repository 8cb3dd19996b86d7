import { isRecord } from "../../domain/checks/validate.ts";
import type { HookName } from "../../plugin-api/hooks.ts";
import { TAP_LIMIT_MS, TAP_WAITS } from "../../plugin-api/life/tap-limits.ts";
import type { Tapping } from "../guarded-tap.ts";

/** What a tap may need beyond the time limit of a command that its context names. */
const AFTER_COMMAND_MS = 30_000;

/**
 * The time limit of a call: `timeouts.tap`, or that of its hook; longer if its context names a longer time limit, or if the
 * tap declares one.
 */
export function limitOf(by: Tapping, given: readonly unknown[], tapMs: number | undefined): number {
  const context = given.at(-1);
  const own = tapMs ?? TAP_LIMIT_MS[isHookName(by.hook) ? TAP_WAITS[by.hook] : "waits"];
  return Math.max(own, commandLimit(context), declaredLimit(by, context));
}

function commandLimit(context: unknown): number {
  return isRecord(context) && typeof context.timeoutMs === "number" ? context.timeoutMs + AFTER_COMMAND_MS : 0;
}

function declaredLimit({ limitMs }: Tapping, context: unknown): number {
  const declared: unknown = typeof limitMs === "function" ? Reflect.apply(limitMs, undefined, [context]) : limitMs;
  return typeof declared === "number" && declared > 0 ? declared : 0;
}

function isHookName(name: string): name is HookName {
  return Object.hasOwn(TAP_WAITS, name);
}
