import type { Hooks } from "../../plugin-api/hooks.ts";
import { eventsOf, type PrintedLines } from "../../printed-lines.ts";

type LinesTap = (printed: PrintedLines) => unknown;

const linesTaps = new WeakMap<object, LinesTap>();

/** Registers the function through which a tap of `event` receives lines that arrived together. */
export function takesLines(tap: object, readLines: LinesTap): void {
  linesTaps.set(tap, readLines);
}

/** Calls the taps of `event` with lines that arrived together: once, or event by event. */
export function callWithLines(hooks: Pick<Hooks, "event">, printed: PrintedLines): void {
  const taps = hooks.event.taps.map(({ fn }) => ({ fn, readLines: linesTaps.get(fn) }));
  const events = taps.every(({ readLines }) => readLines) ? [] : eventsOf(printed);
  for (const { fn, readLines } of taps) {
    if (readLines) readLines(printed);
    else for (const event of events) fn(event);
  }
}
