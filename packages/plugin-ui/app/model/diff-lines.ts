/** A line of a diff. */
export interface DiffLine {
  /** `place`: the beginning of a part; `note`: a property of the file, such as its mode. */
  readonly kind: "added" | "removed" | "same" | "place" | "note";
  readonly text: string;
  /** Line numbers in the old and the new file; undefined where the line does not exist. */
  readonly before: number | undefined;
  readonly after: number | undefined;
}

/** The text that the engine writes instead of a diff that would show a secret. */
const HIDDEN = /^not shown because it contains a secret\b.*/;

/** The lines of the unified diff of one file, without the lines that name the file. */
export function diffLines(text: string): DiffLine[] {
  const lines: DiffLine[] = [];
  let place: { before: number; after: number } | undefined;
  const add = (kind: DiffLine["kind"], line: string, before?: number, after?: number) =>
    lines.push({ kind, text: line, before, after });
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const start = /^@@ -(\d+)(?:,\d+)? \+(\d+)/.exec(line);
    if (start) {
      place = { before: Number(start[1]), after: Number(start[2]) };
      add("place", line);
    } else if (place === undefined) {
      if (line !== "" && !/^(---|\+\+\+|diff --git) /.test(line)) add("note", line.replace(HIDDEN, "changed (hidden)"));
    } else if (line.startsWith("+")) add("added", line.slice(1), undefined, place.after++);
    else if (line.startsWith("-")) add("removed", line.slice(1), place.before++, undefined);
    else if (line.startsWith("\\")) add("note", line.slice(2));
    else add("same", line.slice(1), place.before++, place.after++);
  }
  return lines;
}
