import type { StuckTap } from "./stuck-tap.ts";
import { unitText } from "./tap-unit.ts";

/** Pending taps of one plugin and hook. */
export interface WaitingTaps {
  readonly plugin: string;
  readonly hook: string;
  /** `api@10.0.0.1`, `api` or `10.0.0.1`; empty for the whole run. */
  readonly units: readonly string[];
  /** The longest time without activity among them; after an interruption, the longest time since the interruption. */
  readonly waitedMs: number;
  readonly limitMs: number;
  /** Whether the run was interrupted and they have not stopped yet. */
  readonly isStopping: boolean;
}

/** A pending tap, and the time since its last activity or since the interruption that it has ignored. */
export interface SilentTap extends StuckTap {
  readonly key: object;
  readonly waitedMs: number;
}

/**
 * Seconds without activity after which a tap is reported. After the last value, the tap is reported again each time
 * this interval has passed.
 */
const REPORTED_AFTER = [10, 60, 300];
/** Milliseconds after an interruption until taps that have not stopped are reported. */
const STOPPING_MS = 2_000;

/**
 * Decides when silent taps are reported: at growing intervals, and together with other taps of the same plugin and
 * hook.
 */
export class WaitNotices {
  readonly #reported = new WeakMap<object, number>();
  readonly #reportedStopping = new WeakSet<object>();

  /** The taps to report now. */
  due(taps: readonly SilentTap[], isStopping: boolean): WaitingTaps[] {
    const due = taps.filter((tap) => (isStopping ? this.#isDueStopping(tap) : this.#isDue(tap)));
    return together(due, isStopping);
  }

  #isDue({ key, waitedMs }: SilentTap): boolean {
    const times = this.#reported.get(key) ?? 0;
    if (waitedMs < secondsFor(times) * 1000) return false;
    this.#reported.set(key, times + 1);
    return true;
  }

  /** A tap that stops in time is not reported. */
  #isDueStopping({ key, waitedMs }: SilentTap): boolean {
    if (waitedMs < STOPPING_MS || this.#reportedStopping.has(key)) return false;
    this.#reportedStopping.add(key);
    return true;
  }
}

function secondsFor(times: number): number {
  const last = REPORTED_AFTER.at(-1) ?? 0;
  return REPORTED_AFTER[times] ?? last * (times - REPORTED_AFTER.length + 2);
}

function together(taps: readonly SilentTap[], isStopping: boolean): WaitingTaps[] {
  const groups = new Map<string, WaitingTaps>();
  for (const { by, unit, limitMs, waitedMs } of taps) {
    const key = `${by.plugin} ${by.hook}`;
    const before = groups.get(key);
    const text = unitText(unit);
    groups.set(key, {
      plugin: by.plugin,
      hook: by.hook,
      units: [...(before?.units ?? []), ...(text === "" ? [] : [text])],
      waitedMs: Math.max(before?.waitedMs ?? 0, waitedMs),
      limitMs: Math.max(before?.limitMs ?? 0, limitMs),
      isStopping,
    });
  }
  return [...groups.values()];
}
