import { isRecord } from "../../domain/checks/validate.ts";
import { DEFAULT_SETTINGS } from "../../domain/settings/settings.ts";
import type { HookName } from "../../plugin-api/hooks.ts";
import { hookLimit, TAP_WAITS } from "../../plugin-api/life/tap-limits.ts";
import type { Tapping } from "./tapping.ts";

/** Extra time for a tap beyond the time limit of the command that its context names. */
const AFTER_COMMAND_MS = 30_000;

/** A call of a tap. */
interface TapCall {
  readonly by: Tapping;
  readonly args: readonly unknown[];
}

/** The time limit of a call: the limit of its hook, or a longer one if its context names it or the tap declares it. */
export function limitOf({ by, args }: TapCall, tapMs = DEFAULT_SETTINGS.timeouts.tapMs): number {
  const context = args.at(-1);
  const ofHook = isHookName(by.hook) ? hookLimit(by.hook, tapMs) : tapMs;
  return Math.max(ofHook, commandLimit(context), declaredLimit(by, context));
}

function commandLimit(context: unknown): number {
  return isRecord(context) && typeof context.timeoutMs === "number" ? context.timeoutMs + AFTER_COMMAND_MS : 0;
}

function declaredLimit({ limitMs }: Tapping, context: unknown): number {
  try {
    const declared: unknown = typeof limitMs === "function" ? Reflect.apply(limitMs, undefined, [context]) : limitMs;
    return typeof declared === "number" && declared > 0 ? declared : 0;
  } catch {
    return 0; // the tap itself reports problems of its job
  }
}

function isHookName(name: string): name is HookName {
  return Object.hasOwn(TAP_WAITS, name);
}
