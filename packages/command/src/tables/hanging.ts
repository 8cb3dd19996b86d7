/**
 * The narrowest screen on which two columns are readable. On a narrower screen, the second column is below the first.
 */
const TWO_COLUMNS = 60;

interface Layout {
  /** The width of the first column. */
  readonly width: number;
  /** The width of the screen; undefined in a file, where nothing is wrapped. */
  readonly columns: number | undefined;
  /** Spaces before the first column; default 2. */
  readonly indent?: number;
}

/**
 * A term and its text in two columns, the text wrapped within its column; on a narrow screen, the text is below the
 * term.
 */
export function hanging(term: string, text: string, { width, columns, indent = 2 }: Layout): string[] {
  const margin = " ".repeat(indent);
  const isNarrow = columns !== undefined && columns < TWO_COLUMNS && term !== "" && term.length + text.length > columns;
  const begin = isNarrow ? `${margin}  ` : margin + (width === 0 ? "" : `${term.padEnd(width)}  `);
  const lines = wrappedWords(text, columns === undefined ? undefined : columns - begin.length);
  const below = lines.map((line, at) => (at === 0 ? begin : " ".repeat(begin.length)) + line);
  return isNarrow ? [margin + term, ...below] : below;
}

/** A text in lines of at most this width, wrapped between words. */
export function wrappedWords(text: string, width: number | undefined): string[] {
  if (width === undefined || text.length <= width) return [text];
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
