import { setTimeout as pause } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";
import type { ProcessContext } from "@maand/command";

const HIDE_CURSOR = "\u001b[?25l";
const SHOW_CURSOR = "\u001b[?25h";
const CLEAR_LINE = "\u001b[K";
const CLEAR_BELOW = "\u001b[J";

/** The content to show: `frame` returns its current lines for a screen. */
export interface Watched {
  readonly context: Pick<ProcessContext, "stdout" | "signal">;
  readonly everyMs: number;
  frame(screen: {
    readonly columns: number | undefined;
    readonly rows: number | undefined;
  }): Promise<readonly string[]>;
}

/**
 * Shows frames until Ctrl-C. On a terminal, each frame replaces the previous one in a single write, without clearing
 * the screen or earlier output. A new size redraws the frame. Elsewhere, a frame is written only if it differs
 * from the previous one.
 */
export async function watch({ context: { stdout, signal }, everyMs, frame }: Watched): Promise<void> {
  let before: readonly string[] = [];
  if (stdout.isTTY) stdout.write(HIDE_CURSOR);
  try {
    while (!signal.aborted) {
      const { isTTY, columns, rows } = stdout;
      // one row less than the terminal has, because a write to the last row would scroll
      const lines = await frame({ columns: isTTY ? columns : undefined, rows: isTTY && rows ? rows - 1 : undefined });
      if (isTTY) before = redraw(stdout, before, lines);
      else if (lines.join("\n") !== before.join("\n")) {
        stdout.write(`${lines.join("\n")}\n`);
        before = lines;
      }
      await untilNext(stdout, everyMs, signal);
    }
  } finally {
    if (stdout.isTTY) stdout.write(SHOW_CURSOR);
  }
}

function redraw(
  stdout: ProcessContext["stdout"],
  before: readonly string[],
  lines: readonly string[],
): readonly string[] {
  const columns = stdout.columns ?? 80;
  const shown = lines.slice(0, Math.max(1, (stdout.rows ?? 24) - 1)).map((line) => cut(line, columns));
  // after the window became narrower, the terminal has wrapped longer lines
  const up = before.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
  const begin = up === 0 ? "" : `\u001b[${up}A\r`;
  stdout.write(`${begin}${shown.map((line) => `${line}${CLEAR_LINE}\n`).join("")}${CLEAR_BELOW}`);
  return shown;
}

/** Truncates a line to the width. A truncated line loses its colours. */
function cut(line: string, columns: number): string {
  return widthOf(line) <= columns ? line : stripVTControlCharacters(line).slice(0, columns);
}

function widthOf(line: string): number {
  return stripVTControlCharacters(line).length;
}

/** Waits for the next frame, a new size of the screen, or the end. */
async function untilNext(stdout: ProcessContext["stdout"], everyMs: number, signal: AbortSignal): Promise<void> {
  const resized = new AbortController();
  const onResize = () => resized.abort();
  stdout.once("resize", onResize);
  await pause(everyMs, undefined, { signal: AbortSignal.any([signal, resized.signal]) }).catch(() => undefined);
  stdout.off("resize", onResize);
}
