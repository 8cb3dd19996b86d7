/** Terminal colours, which occupy no columns. */
const PAINT = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*m`, "g");

/** Lines are not wrapped for narrower screens. */
const NARROWEST = 40;

/**
 * Wraps lines between words to fit a screen; continuation lines are indented by two more columns. Without a width, as
 * in a file, lines are unchanged.
 */
export function wrapped(lines: readonly string[], columns: number | undefined): string[] {
  if (columns === undefined || columns < NARROWEST) return [...lines];
  return lines.flatMap((line) => broken(line, columns));
}

function broken(line: string, columns: number): string[] {
  if (widthOf(line) <= columns || isOutput(line)) return [line];
  const indent = /^ */.exec(line)?.[0] ?? "";
  const found: string[] = [];
  let now = indent;
  let filled = false;
  for (const word of line.slice(indent.length).split(/(?<=\S) (?=\S)/)) {
    const next = filled ? `${now} ${word}` : `${now}${word}`;
    if (filled && widthOf(next) > columns) {
      found.push(now);
      now = `${indent}  ${word}`;
    } else now = next;
    filled = true;
  }
  return [...found, now];
}

/** Whether a line is output of a program, which is not wrapped. */
function isOutput(line: string): boolean {
  return /^ *\| /.test(line.replace(PAINT, ""));
}

function widthOf(text: string): number {
  return text.replace(PAINT, "").length;
}
