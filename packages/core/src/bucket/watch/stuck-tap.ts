import { MaandError } from "../../errors.ts";
import { type TapUnit, unitText } from "./tap-unit.ts";
import type { Tapping } from "./tapping.ts";

/** A tap that did not finish in time, as described in its error. */
export interface StuckTap {
  readonly by: Tapping;
  readonly unit: TapUnit;
  /** Its timeout. */
  readonly limitMs: number;
}

const SEE = "to list the taps, run maand plugins --verbose; fix the plugin, or raise timeouts.tap in maand.conf";

/** The error for a tap that finished after its signal was aborted at its timeout. */
export function endedAtLimit(tap: StuckTap, cause: unknown): MaandError {
  return stuck(tap, `took longer than ${spanText(tap.limitMs)}${inHook(tap)} and was stopped`, SEE, cause);
}

/**
 * The error for a tap that is still running after its timeout: it has no signal, or has ignored the abort of its
 * signal.
 */
export function goesOn(tap: StuckTap): MaandError {
  const message = `did not end within ${spanText(tap.limitMs)}${inHook(tap)}; it may still be running`;
  return stuck(tap, message, `this run does not wait for it any longer; ${SEE}`);
}

/** The error for a tap whose promise can never settle, because the process has nothing left to wait for. */
export function neverSettles(tap: StuckTap): MaandError {
  const hint = "look for a promise that is never resolved or a callback that is never called in the plugin";
  return stuck(tap, `is stuck${inHook(tap)}: it is waiting on a promise that never settles`, hint);
}

/** The error for a tap that is still running after the run was interrupted. */
export function ignoredInterruption(tap: StuckTap): MaandError {
  const message = `${tap.by.plugin} did not stop${inHook(tap)} after the interruption; it may still be running`;
  return new MaandError({ code: "INTERRUPTED", message, hint: "run the command again to continue", ...workerOf(tap) });
}

function stuck(tap: StuckTap, message: string, hint: string, cause?: unknown): MaandError {
  const text = `${tap.by.plugin} ${message}`;
  return new MaandError({ code: "HOOK_STUCK", message: text, hint, ...workerOf(tap), cause });
}

function workerOf({ unit: { worker } }: StuckTap): { worker?: string } {
  return worker === undefined ? {} : { worker };
}

function inHook({ by, unit }: StuckTap): string {
  const text = unitText(unit);
  return ` in ${by.hook}${text === "" ? "" : ` of ${text}`}`;
}

function spanText(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds >= 60 && seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
