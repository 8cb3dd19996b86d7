import type { Hooks } from "../../plugin-api/hooks.ts";
import { eventsOf, type PrintedLines } from "../../printed-lines.ts";
import type { BackPressure } from "../../remote/back-pressure.ts";

type LinesTap = (printed: PrintedLines) => unknown;

const linesTaps = new WeakMap<object, LinesTap>();
const pressures = new WeakMap<object, BackPressure>();

/** Registers the function through which an `event` tap receives lines that arrived together. */
export function takesLines(tap: object, readLines: LinesTap): void {
  linesTaps.set(tap, readLines);
}

/** Registers an `event` tap that can fall behind, with the function that reports whether it is behind. */
export function canBeBehind(tap: object, backPressure: BackPressure): void {
  pressures.set(tap, backPressure);
}

/**
 * Returns the back-pressure of all `event` taps together. All waiting commands share one promise. The promise resolves
 * when all taps have caught up, or when the run is interrupted, because the commands must then be able to end.
 */
export function pressureOf(hooks: Pick<Hooks, "event">, signal: AbortSignal): BackPressure {
  let caughtUp: Promise<void> | undefined;
  return () => {
    if (signal.aborted) return undefined;
    if (caughtUp) return caughtUp;
    const behind = hooks.event.taps.flatMap(({ fn }) => pressures.get(fn)?.() ?? []);
    if (behind.length === 0) return undefined;
    caughtUp = new Promise<void>((resolve) => {
      const settle = () => {
        signal.removeEventListener("abort", settle);
        caughtUp = undefined;
        resolve();
      };
      signal.addEventListener("abort", settle, { once: true });
      void Promise.allSettled(behind).then(settle);
    });
    return caughtUp;
  };
}

/** Calls the `event` taps with lines that arrived together: once, or event by event. */
export function callWithLines(hooks: Pick<Hooks, "event">, printed: PrintedLines): void {
  const taps = hooks.event.taps.map(({ fn }) => ({ fn, readLines: linesTaps.get(fn) }));
  const events = taps.every(({ readLines }) => readLines) ? [] : eventsOf(printed);
  for (const { fn, readLines } of taps) {
    if (readLines) readLines(printed);
    else for (const event of events) fn(event);
  }
}
