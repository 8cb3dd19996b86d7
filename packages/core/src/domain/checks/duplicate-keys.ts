import { error, type Report } from "./problem.ts";
import { keyPath } from "./validate.ts";

/** A key that an object of a JSON text has twice, so that all but the last would be lost. */
export interface DuplicateKey {
  /** Keys and places of lists that lead to it, itself the last. */
  readonly path: readonly (string | number)[];
  /** Offset of the second one. */
  readonly offset: number;
  /** Line of the first one, counted from 1. */
  readonly firstLine: number;
}

/** Characters of a key that are shown; its end tells more than its beginning. */
const LONGEST = 100;

/** Reports keys that stand twice in an object of a valid JSON text, with the place of the second one. */
export function reportDuplicateKeys(
  text: string,
  { file, code }: { readonly file: string; readonly code: string },
  report: Report,
): void {
  for (const { path, offset, firstLine } of duplicateKeys(text)) {
    const name = JSON.stringify(path.at(-1));
    const key = keyPath(path);
    const where = `${file}:${lineAndColumn(text, offset)}: ${key.length > LONGEST ? `...${key.slice(-LONGEST)}` : key}`;
    report(error(code, where, `${name} is written twice, first on line ${firstLine}`, "keep one of them"));
  }
}

/** What surrounds a place in a JSON text: an object with the keys so far and where they stand, or a list with none. */
interface Surrounding {
  readonly keys?: Map<string, number>;
  at: string | number;
}

/** Everything of a valid JSON text that tells where keys are: numbers and words do not. */
const TOKEN = /"(?:[^"\\]+|\\.)*"|[{}[\],:]/g;

/** Keys that stand twice in an object of a valid JSON text. It may be nested as deep as it likes. */
export function duplicateKeys(text: string): DuplicateKey[] {
  const found: DuplicateKey[] = [];
  const around: Surrounding[] = [];
  let last = { text: "", offset: 0 };
  for (const { 0: token, index: offset } of text.matchAll(TOKEN)) {
    const inside = around.at(-1);
    if (token === "{") around.push({ keys: new Map(), at: "" });
    else if (token === "[") around.push({ at: 0 });
    else if (token === "}" || token === "]") around.pop();
    else if (token === "," && typeof inside?.at === "number") inside.at += 1;
    else if (token === ":" && inside?.keys) {
      const key: string = JSON.parse(last.text);
      const before = inside.keys.get(key);
      inside.at = key;
      if (before === undefined) inside.keys.set(key, last.offset);
      else found.push({ path: around.map(({ at }) => at), offset: last.offset, firstLine: lineOf(text, before) });
    } else if (token.startsWith('"')) last = { text: token, offset };
  }
  return found;
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** `line:column` of a place in a text, both counted from 1. */
export function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}
