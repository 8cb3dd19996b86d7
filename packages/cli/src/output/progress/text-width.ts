import { stripVTControlCharacters } from "node:util";
import truncatedWidth from "fast-string-truncated-width";

/** Texts whose characters take one column each. Most texts match. */
const PLAIN = /^[\x20-\x7e]*$/;

/**
 * The columns that a text takes on a terminal. Combining marks and colours take no column; East Asian characters and
 * emoji take two.
 */
export function widthOf(text: string): number {
  return PLAIN.test(text) ? text.length : truncatedWidth(text).width;
}

/** A text truncated to a number of columns; a truncated text ends with dots. */
export function cut(text: string, columns: number, dots: string): string {
  if (columns <= 0) return "";
  if (widthOf(text) <= columns) return text;
  // the library can miscount a wide or unusual character near the cut, so the loop checks its result
  for (let limit = columns; limit > 0; limit -= 1) {
    const { index, ellipsed } = truncatedWidth(text, { limit, ellipsis: dots });
    const shown = text.slice(0, index).replace(/[\uD800-\uDBFF]$/, "") + (ellipsed ? dots : "");
    if (widthOf(shown) <= columns) return shown;
  }
  return "";
}

export function padded(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - widthOf(text)));
}

/**
 * A line of a program as one line of a frame: without escape sequences, control characters and invisible formatting.
 */
export function clean(line: string): string {
  const text = stripVTControlCharacters(line);
  return PLAIN.test(text) ? text : text.replace(/\t/g, "  ").replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "");
}
