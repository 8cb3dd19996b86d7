import { type TemplateFunctions, typed } from "../value/function.ts";

/** Text functions, as in Go's package `strings`. */
export const textFunctions: TemplateFunctions = {
  split: typed(["string", "string"], (text, separator) => (separator === "" ? [...text] : text.split(separator))),
  join: typed(["list", "string"], (list, separator) => list.map(asText).join(separator)),
  trim: typed(["string"], trimSpace),
  upper: typed(["string"], (text) => eachOf(text, (character) => character.toUpperCase())),
  lower: typed(["string"], (text) => eachOf(text, (character) => character.toLowerCase())),
};

function asText(item: unknown, at: number): string {
  if (typeof item === "string") return item;
  throw new TypeError(`takes a list of strings, but item ${at} is ${String(item)}`);
}

/** White space in Go. JavaScript's `trim` differs in two characters. */
const SPACE = /[\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/;

/** Removes white space at both ends. */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && SPACE.test(text.charAt(start))) start++;
  while (end > start && SPACE.test(text.charAt(end - 1))) end--;
  return text.slice(start, end);
}

/** Go converts character by character, and keeps characters that would become several. */
function eachOf(text: string, change: (character: string) => string): string {
  let changed = "";
  for (const character of text) {
    const other = change(character);
    changed += [...other].length === 1 ? other : character;
  }
  return changed;
}
