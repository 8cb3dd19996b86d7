import { type Style, showsUnicode } from "@maand/command";
import { cut, widthOf } from "./text-width.ts";

/** The characters of a frame. They show states without relying on colour. */
export interface Glyphs {
  readonly ok: string;
  readonly failed: string;
  readonly running: string;
  readonly waiting: string;
  readonly paused: string;
  readonly blocked: string;
  readonly full: string;
  readonly empty: string;
  readonly quote: string;
  readonly dots: string;
}

const UNICODE: Glyphs = {
  ok: "✓",
  failed: "✗",
  running: "▸",
  waiting: "·",
  paused: "=",
  blocked: "!",
  full: "█",
  empty: "░",
  quote: "│",
  dots: "…",
};

const ASCII: Glyphs = {
  ok: "+",
  failed: "x",
  running: ">",
  waiting: ".",
  paused: "=",
  blocked: "!",
  full: "#",
  empty: "-",
  quote: "|",
  dots: "...",
};

/** The characters that a terminal can show. */
export function glyphsFor(env: Readonly<Record<string, string | undefined>>): Glyphs {
  return showsUnicode(env) ? UNICODE : ASCII;
}

/** The style and the maximum size of frames. */
export interface Look {
  /** Columns of the terminal. */
  readonly columns: number;
  /** Rows of the terminal; a frame has at least one row less. */
  readonly rows: number;
  readonly style: Style;
  readonly glyphs: Glyphs;
}

/** Below this width, rows are shorter. */
export const NARROW = 60;

/** A part of a row: its text and its style. */
export type Part = readonly [text: string, paint?: ((text: string) => string) | undefined];

/**
 * One row of a frame, truncated to the width of the terminal. The last column stays empty, because some terminals would
 * begin another row there.
 */
export function row(parts: readonly Part[], { columns, glyphs }: Pick<Look, "columns" | "glyphs">): string {
  let left = Math.max(1, columns - 1);
  let line = "";
  for (const [text, paint] of parts) {
    const shown = cut(text, left, glyphs.dots);
    line += paint && shown !== "" ? paint(shown) : shown;
    left -= widthOf(shown);
    if (left <= 0 || shown !== text) break;
  }
  return line;
}

/** `0:04`, `12:30` or `1:02:03`. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  const tail = String(seconds % 60).padStart(2, "0");
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** Up to `shown` names, and the number of the others: `a, b and 3 more`. */
export function some(names: readonly string[], shown: number): string {
  const more = names.length - shown;
  return more <= 0 ? names.join(", ") : `${names.slice(0, shown).join(", ")} and ${more} more`;
}

/** A part of the frame: the number of rows that it needs, and its rows within a limit. */
export interface Section {
  readonly wanted: number;
  rows(limit: number): string[];
}
