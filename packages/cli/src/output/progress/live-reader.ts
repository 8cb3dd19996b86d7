import type { ProgressReader } from "@maand/command";
import type { MaandEvent } from "@maand/core";
import type { PrintedLines } from "@maand/core/toolbox";
import { backPressureOf } from "../back-pressure.ts";
import { linked, showsLinks } from "../deploy/hyperlinks.ts";
import { eventLines } from "../deploy/lines.ts";
import type { ReaderPlace } from "../deploy/progress-mode.ts";
import { foldedLines, type Printed } from "../lines/folded-lines.ts";
import { fold, foldLines, interrupted } from "./fold.ts";
import { frame } from "./frame.ts";
import { glyphsFor } from "./look.ts";
import { NOTHING_YET } from "./model.ts";
import { columnsOf, Screen } from "./screen.ts";

/** The number of last lines of output in the result, below each failure, because no output was printed before. */
const LAST_LINES = 20;
/** The assumed height of a terminal that does not report it. */
const ROWS = 24;
/** How long equal lines of many workers are held. */
const HELD_MS = 1000;

/** Commands whose result is complete, so that only the result remains on the terminal. */
const SUMMED_UP = /^(deploy|rollback|rollout (resume|abort))$/;
/** Commands whose lines about workers remain on the terminal, but not the output of jobs. */
const TERSE = /^maintain\b/;

/**
 * Shows a run on a live screen. Only its result remains on the terminal afterwards. Commands without a result keep
 * their lines.
 */
export function liveReader({
  stderr,
  stdout,
  env,
  style,
  verbose,
  from,
  onTerminalEvent,
  signal,
}: ReaderPlace): ProgressReader {
  const glyphs = glyphsFor(env);
  const links = showsLinks(stderr, env) ? { finish: (lines: readonly string[]) => linked(lines, from) } : {};
  const linesOf = eventLines({ style, columns: () => columnsOf(stderr), lastLines: LAST_LINES, ...links });
  const folded = foldedLines(style);
  const kept = keptLines();
  let model = NOTHING_YET;
  let held: NodeJS.Timeout | undefined;
  const show = new Screen({ stderr, stdout, ...(onTerminalEvent && { onTerminalEvent }) }, () =>
    frame(model, { columns: columnsOf(stderr), rows: stderr.rows || ROWS, style, glyphs }, Date.now()),
  );
  const onAbort = () => {
    model = interrupted(model);
    show.changed();
  };
  signal.addEventListener("abort", onAbort);

  function end(result: readonly string[] = [], isRefused = true): void {
    clearTimeout(held);
    signal.removeEventListener("abort", onAbort);
    show.end([...linesIn(folded.flush()), ...kept.all(isRefused), ...result]);
  }

  /** The lines of an event that are printed now and remain. */
  function staying(event: MaandEvent, lines: readonly string[]): readonly string[] {
    if (SUMMED_UP.test(model.command)) {
      if (event.type !== "output") kept.add(event, lines);
      return verbose && event.type === "output" ? lines : [];
    }
    if (!TERSE.test(model.command) || verbose) return linesIn(folded.add(event, lines));
    return isNoise(event) ? [] : lines;
  }

  function read(event: MaandEvent): void {
    model = fold(model, event);
    const lines = linesOf(event);
    if (event.type === "run.finished") {
      end(lines, event.outcome === "refused");
      return;
    }
    show.print(staying(event, lines));
    showHeldSoon();
  }

  /** Reads lines that arrived together. */
  function readLines(printed: PrintedLines): void {
    model = foldLines(model, printed);
    const lines = linesOf.printed(printed);
    const isShort = SUMMED_UP.test(model.command) || TERSE.test(model.command);
    if (!isShort) show.print(linesIn(folded.addLines(printed, lines)));
    else if (verbose) show.print(lines);
    showHeldSoon();
  }

  function showHeldSoon(): void {
    show.changed();
    if (held !== undefined || !folded.isHolding()) return;
    held = setTimeout(() => {
      held = undefined;
      show.print(linesIn(folded.flush()));
    }, HELD_MS);
    held.unref();
  }

  return Object.assign(read, { readLines, backPressure: backPressureOf(stderr), end: () => end() });
}

function linesIn(printed: readonly Printed[]): string[] {
  return printed.flatMap(({ lines }) => lines);
}

function isNoise(event: MaandEvent): boolean {
  if (event.type === "output") return true;
  return (
    "outcome" in event &&
    event.type.endsWith(".finished") &&
    event.outcome === "ok" &&
    event.type !== "maintenance.finished"
  );
}

/**
 * Lines that are printed with the result: each warning once, and, if the run was refused, the lines that the error does
 * not repeat.
 */
function keptLines() {
  const found = new Map<string, { readonly lines: readonly string[]; readonly always: boolean; times: number }>();
  return {
    add(event: MaandEvent, lines: readonly string[]): void {
      const always = event.type === "warning" || event.type === "budget.ignored" || event.type.startsWith("drift.");
      if (lines.length === 0 || !(always || event.type === "worker.failed")) return;
      const entry = found.get(lines.join("\n")) ?? { lines, always, times: 0 };
      entry.times += 1;
      found.set(lines.join("\n"), entry);
    },
    all: (isRefused: boolean): string[] =>
      [...found.values()]
        .filter(({ always }) => always || isRefused)
        .flatMap(({ lines: [first = "", ...others], times }) => [
          times > 1 ? `${first} (${times} times)` : first,
          ...others,
        ]),
  };
}
