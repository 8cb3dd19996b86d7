import { type ColumnSpec, fitted } from "./fit-columns.ts";

/** A column: its heading, or heading and layout. */
export type Column = string | ColumnSpec;

type Cell = string | number;

/** The screen that a table is for. */
export interface Screen {
  /** The width in characters. Wider tables truncate cells and omit columns, as declared. Default: no limit. */
  readonly columns?: number | undefined;
  /** Draw with `+`, `-` and `|`, for a terminal that shows no other characters. Default: false. */
  readonly ascii?: boolean | undefined;
}

/** The characters of a table: the corners and crossings of its three rules, and its lines. */
const UNICODE = { top: "╭┬╮", middle: "├┼┤", bottom: "╰┴╯", horizontal: "─", vertical: "│" };
const ASCII = { top: "+++", middle: "+++", bottom: "+++", horizontal: "-", vertical: "|" };

/**
 * Formats a table as text, with rounded corners, an upper-case header and right-aligned numbers; each row is one line. The work is
 * linear in the number of cells, because a large bucket has a hundred thousand rows.
 */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  { columns: width = Number.POSITIVE_INFINITY, ascii = false }: Screen = {},
): string {
  const specs = columns.map(specOf);
  const head = specs.map(({ name }) => name.toUpperCase());
  const body = rows.map((row) => row.map(plain));
  const natural = head.map(widthOf);
  for (const row of body)
    for (const [at, cell] of row.entries()) natural[at] = Math.max(natural[at] ?? 0, widthOf(cell));
  const shown = fitted(specs, natural, width);
  const { top, middle, bottom, horizontal, vertical } = ascii ? ASCII : UNICODE;
  const rule = ([left = "", cross = "", right = ""]: Iterable<string>) =>
    left + shown.map(({ width }) => horizontal.repeat(width + 2)).join(cross) + right;
  const line = (cells: readonly string[]) => {
    const padding = shown.map(({ at, width }) => ` ${padded(cut(cells[at] ?? "", width), width, specs[at])} `);
    return vertical + padding.join(vertical) + vertical;
  };
  return [rule(top), line(head), rule(middle), ...body.map(line), rule(bottom)].join("\n");
}

function specOf(column: Column): ColumnSpec {
  return typeof column === "string" ? { name: column } : column;
}

/** A cell truncated to a width, with dots at the end. */
function cut(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let kept = "";
  let used = 0;
  for (const character of text) {
    used += widthOf(character);
    if (used > width - DOTS.length) break;
    kept += character;
  }
  return kept.replace(/\.+$/, "") + DOTS;
}

const DOTS = "...";

/** Replaces characters that would break the line or move the cursor with spaces. */
function plain(cell: Cell): string {
  return String(cell).replace(/\p{Cc}/gu, " ");
}

const WIDE =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u;

/** The width of a text on a terminal: combining marks take no column, East Asian characters and emoji two. */
function widthOf(text: string): number {
  if (/^[\x20-\x7E]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text.replace(/\p{M}/gu, "")) width += WIDE.test(character) ? 2 : 1;
  return width;
}

function padded(text: string, width: number, spec: ColumnSpec | undefined): string {
  const gap = " ".repeat(width - widthOf(text));
  return spec?.numeric ? gap + text : text + gap;
}
