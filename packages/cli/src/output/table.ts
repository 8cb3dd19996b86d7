/** A column: its heading, and whether it holds numbers, which stand to the right. */
export type Column = string | { readonly name: string; readonly numeric: true };

type Cell = string | number;

/**
 * A table as text: rounded corners, header in capitals, numbers to the right, one line a row however long it is. The work
 * grows with the cells and with nothing else, since a large bucket has a hundred thousand rows.
 */
export function table(columns: readonly Column[], rows: readonly (readonly Cell[])[]): string {
  const head = columns.map((column) => nameOf(column).toUpperCase());
  const body = rows.map((row) => row.map(plain));
  const widths = head.map(widthOf);
  for (const row of body) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, widthOf(cell));
  const rule = (left: string, cross: string, right: string) =>
    left + widths.map((width) => "─".repeat(width + 2)).join(cross) + right;
  const line = (cells: readonly string[]) =>
    `│${cells.map((cell, at) => ` ${padded(cell, widths[at] ?? 0, columns[at])} `).join("│")}│`;
  return [rule("╭", "┬", "╮"), line(head), rule("├", "┼", "┤"), ...body.map(line), rule("╰", "┴", "╯")].join("\n");
}

function nameOf(column: Column): string {
  return typeof column === "string" ? column : column.name;
}

/** What would break a line or move the cursor shows as a blank. */
function plain(cell: Cell): string {
  return String(cell).replace(/\p{Cc}/gu, " ");
}

const WIDE =
  /[\u1100-\u115F\u2E80-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6\u{1F300}-\u{1FAFF}\u{20000}-\u{3FFFD}]/u;

/** Columns of a terminal a text takes: combining marks take none, East Asian characters and emoji two. */
function widthOf(text: string): number {
  if (/^[\x20-\x7E]*$/.test(text)) return text.length;
  let width = 0;
  for (const character of text.replace(/\p{M}/gu, "")) width += WIDE.test(character) ? 2 : 1;
  return width;
}

function padded(text: string, width: number, column: Column | undefined): string {
  const gap = " ".repeat(width - widthOf(text));
  return typeof column === "object" ? gap + text : text + gap;
}
