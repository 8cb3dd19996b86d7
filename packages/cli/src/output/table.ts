import Table from "cli-table3";

/** Rounded corners, one line a row. */
const CHARS = {
  top: "─",
  "top-mid": "┬",
  "top-left": "╭",
  "top-right": "╮",
  bottom: "─",
  "bottom-mid": "┴",
  "bottom-left": "╰",
  "bottom-right": "╯",
  left: "│",
  "left-mid": "├",
  mid: "─",
  "mid-mid": "┼",
  right: "│",
  "right-mid": "┤",
  middle: "│",
};

/** A column: its heading, and whether it holds numbers, which stand to the right. */
export type Column = string | { readonly name: string; readonly numeric: true };

/** A table as text, header in capitals, numbers to the right; rows are never wrapped. */
export function table(columns: readonly Column[], rows: readonly (readonly (string | number)[])[]): string {
  const drawn = new Table({
    head: columns.map((column) => (typeof column === "string" ? column : column.name).toUpperCase()),
    colAligns: columns.map((column) => (typeof column === "string" ? "left" : "right")),
    style: { head: [], border: [], compact: true },
    chars: CHARS,
  });
  for (const row of rows) drawn.push(row.map((cell) => String(cell).replace(/\p{Cc}/gu, " ")));
  return drawn.toString();
}
