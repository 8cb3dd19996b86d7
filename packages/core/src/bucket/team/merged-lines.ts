/** Three versions of a text: the last common one, and the current one of each side. */
export interface Versions {
  readonly before: string;
  readonly here: string;
  readonly there: string;
}

/**
 * Returns the lines of the other side. Lines that this side deleted are left out, and lines that this side added are
 * appended.
 */
export function mergedLines({ before, here, there }: Versions): string {
  if (here === before || here === there) return there;
  if (there === before) return here;
  const [known, own, others] = [linesOf(before), linesOf(here), linesOf(there)];
  const deleted = new Set(known.filter((line) => !own.includes(line)));
  const added = own.filter((line) => !known.includes(line) && !others.includes(line));
  return [...others.filter((line) => !deleted.has(line)), ...added].map((line) => `${line}\n`).join("");
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
