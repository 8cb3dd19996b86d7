import { isPrintable } from "./characters.ts";
import { rawByte } from "./utf8.ts";

const NAMED = new Map([
  ["\x07", "\\a"],
  ["\b", "\\b"],
  ["\f", "\\f"],
  ["\n", "\\n"],
  ["\r", "\\r"],
  ["\t", "\\t"],
  ["\v", "\\v"],
]);

/** A text as a Go literal between `quote` marks; `ascii` escapes all non-ASCII characters. */
export function quote(text: string, mark = '"', ascii = false): string {
  let quoted = "";
  for (const character of text) quoted += escaped(character, mark, ascii);
  return mark + quoted + mark;
}

/** Whether a text can be written unchanged between back quotes, on one line. */
export function canBackquote(text: string): boolean {
  for (const character of text) {
    if (character === "\t") continue;
    if (character === "`" || character === "\uFEFF" || character === "\uFFFD" || character === "\x7f") return false;
    if (character < " " || rawByte(character) !== undefined) return false;
  }
  return true;
}

function escaped(character: string, mark: string, ascii: boolean): string {
  if (character === mark || character === "\\") return `\\${character}`;
  const byte = rawByte(character);
  if (byte !== undefined) return `\\x${hex(byte, 2)}`;
  const point = character.codePointAt(0) ?? 0;
  if (isPrintable(character) && !(ascii && point >= 0x80)) return character;
  const named = NAMED.get(character);
  if (named !== undefined) return named;
  if (point < 0x20 || point === 0x7f) return `\\x${hex(point, 2)}`;
  if (point >= 0xd800 && point <= 0xdfff) return "\\ufffd";
  return point < 0x10000 ? `\\u${hex(point, 4)}` : `\\U${hex(point, 8)}`;
}

function hex(value: number, width: number): string {
  return value.toString(16).padStart(width, "0");
}
