import { isRecord } from "../../domain/checks/validate.ts";
import { DEFAULT_SETTINGS } from "../../domain/settings/settings.ts";
import type { HookName } from "../../plugin-api/hooks.ts";
import { hookLimit, TAP_WAITS } from "../../plugin-api/life/tap-limits.ts";
import type { Tapping } from "./tapping.ts";

/** The extra time that a tap gets in addition to the timeout of the command in its context. */
const AFTER_COMMAND_MS = 30_000;

/** A call to a tap. */
interface TapCall {
  readonly by: Tapping;
  readonly args: readonly unknown[];
}

/**
 * The timeout of a call: the longest of the limit of its hook, the limit that the tap declares, and the timeout of the
 * command in its context with some extra time.
 */
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
