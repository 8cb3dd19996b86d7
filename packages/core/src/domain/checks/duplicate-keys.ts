import { error, type Report } from "./problem.ts";
import { keyPath } from "./validate.ts";

/** A key that occurs twice in an object of a JSON text. All values but the last would be lost. */
export interface DuplicateKey {
  /** The keys and list indexes that lead to it, ending with the key itself. */
  readonly path: readonly (string | number)[];
  /** Offset of the second occurrence. */
  readonly offset: number;
  /** Line of the first occurrence, counted from 1. */
  readonly firstLine: number;
}

/** The number of characters of a key that are shown; its end is more informative than its start. */
const LONGEST = 100;

/** Reports duplicate keys in objects of a valid JSON text, with the position of the second occurrence. */
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

/**
 * The enclosing value of a position in a JSON text: an object with its keys so far and their positions, or a list
 * without keys.
 */
interface Surrounding {
  readonly keys?: Map<string, number>;
  at: string | number;
}

/**
 * Matches the start of the tokens that are needed to find keys in a valid JSON text; numbers and words are not needed.
 */
const TOKEN = /["{}[\],:]/g;

/**
 * The tokens of a valid JSON text. Strings are read without a regular expression, because a long string would overflow
 * its stack.
 */
function* tokens(text: string): Generator<{ readonly token: string; readonly offset: number }> {
  for (let at = 0; ; ) {
    TOKEN.lastIndex = at;
    const offset = TOKEN.exec(text)?.index;
    if (offset === undefined) return;
    at = text[offset] === '"' ? endOfString(text, offset) : offset + 1;
    yield { token: text.slice(offset, at), offset };
  }
}

/** The position after the string that begins at an offset. */
function endOfString(text: string, offset: number): number {
  let quote = offset;
  do quote = text.indexOf('"', quote + 1);
  while (isEscaped(text, quote));
  return quote + 1;
}

/** Whether an odd number of backslashes precedes a quote. */
function isEscaped(text: string, quote: number): boolean {
  let first = quote;
  while (text[first - 1] === "\\") first -= 1;
  return (quote - first) % 2 === 1;
}

/** Finds duplicate keys in the objects of a valid JSON text, which may be nested to any depth. */
function duplicateKeys(text: string): DuplicateKey[] {
  const found: DuplicateKey[] = [];
  for (const { path, offset, before } of jsonKeys(text))
    if (before !== undefined) found.push({ path: path(), offset, firstLine: lineOf(text, before) });
  return found;
}

/**
 * Returns a function that finds the line of a key in a valid JSON text. The key is named as in problems:
 * `commands.command_a.demands`, `[0].host`. For a missing key, the result is the line of the object that it belongs to,
 * or undefined for the outermost object.
 */
export function keyLines(text: string): (key: string) => number | undefined {
  const offsets = new Map<string, number>();
  for (const { path, offset } of jsonKeys(text)) offsets.set(keyPath(path()), offset);
  return (key) => {
    for (let at = key; at !== ""; at = at.replace(/(^|\.)[^.[\]]*$|\[\d+\]$/, "")) {
      const offset = offsets.get(at);
      if (offset !== undefined) return lineOf(text, offset);
    }
    return undefined;
  };
}

interface JsonKey {
  path(): (string | number)[];
  readonly offset: number;
  /** The offset of an earlier occurrence in the same object. */
  readonly before?: number;
}

/** All keys of a valid JSON text, and the objects and lists within lists, in the order of the text. */
function* jsonKeys(text: string): Generator<JsonKey> {
  const around: Surrounding[] = [];
  const path = () => around.map(({ at }) => at);
  let last = { text: "", offset: 0 };
  for (const { token, offset } of tokens(text)) {
    const inside = around.at(-1);
    if (token === "{" || token === "[") {
      if (typeof inside?.at === "number") yield { path, offset };
      around.push(token === "{" ? { keys: new Map(), at: "" } : { at: 0 });
    } else if (token === "}" || token === "]") around.pop();
    else if (token === "," && typeof inside?.at === "number") inside.at += 1;
    else if (token === ":" && inside?.keys) {
      const key: string = JSON.parse(last.text);
      const before = inside.keys.get(key);
      inside.at = key;
      if (before === undefined) inside.keys.set(key, last.offset);
      yield { path, offset: last.offset, ...(before === undefined ? {} : { before }) };
    } else if (token.startsWith('"')) last = { text: token, offset };
  }
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}

/** `line:column` of an offset in a string, both counted from 1. */
export function lineAndColumn(text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  return `${before.length}:${(before.at(-1)?.length ?? 0) + 1}`;
}
