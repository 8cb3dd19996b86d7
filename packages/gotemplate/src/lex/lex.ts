import { Fault } from "../fault.ts";
import { lexAction } from "./action.ts";
import { Cursor } from "./cursor.ts";
import { hasLeftTrim, hasRightTrim, skipSpaceBack, skipSpaceOn } from "./space.ts";
import type { Token } from "./token.ts";

/**
 * Splits a template into tokens, including the text between actions, without comments, and with white space trimmed at
 * trim markers; the last token is `eof`. `isFunction` returns whether a name is a function: a function named `break` or
 * `continue` hides the keyword. Throws a Fault with its offset if the text is not a template.
 */
export function lex(source: string, isFunction: (name: string) => boolean): readonly Token[] {
  const cursor = new Cursor(source);
  for (let open = source.indexOf("{{"); open >= 0; open = source.indexOf("{{", cursor.pos)) {
    lexText(cursor, open);
    lexDelimited(cursor, isFunction);
  }
  if (cursor.pos < source.length) cursor.emit("text", source.length);
  cursor.emit("eof", source.length);
  return cursor.tokens;
}

function lexText(cursor: Cursor, open: number): void {
  const end = hasLeftTrim(cursor.source, open + 2) ? skipSpaceBack(cursor.source, open, cursor.pos) : open;
  if (end > cursor.pos) cursor.emit("text", end);
  cursor.pos = open;
}

function lexDelimited(cursor: Cursor, isFunction: (name: string) => boolean): void {
  const start = cursor.pos + (hasLeftTrim(cursor.source, cursor.pos + 2) ? 4 : 2);
  if (cursor.has("/*", start)) {
    skipComment(cursor, start);
    return;
  }
  cursor.emit("left", cursor.pos + 2);
  cursor.pos = start;
  cursor.depth = 0;
  lexAction(cursor, isFunction);
}

function skipComment(cursor: Cursor, start: number): void {
  const close = cursor.source.indexOf("*/", start + 2);
  if (close < 0) throw new Fault("unclosed comment", { offset: cursor.pos });
  const after = close + 2;
  const trims = hasRightTrim(cursor.source, after);
  if (!trims && !cursor.has("}}", after)) throw new Fault("comment ends before closing delimiter", { offset: after });
  cursor.pos = trims ? skipSpaceOn(cursor.source, after + 4) : after + 2;
}
