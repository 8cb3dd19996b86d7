import { Fault } from "../fault.ts";
import { isNameCharacter, nameOf } from "../text/characters.ts";
import type { Cursor } from "./cursor.ts";
import { lexNumber } from "./number.ts";
import { hasRightTrim, isSpace, skipSpaceOn } from "./space.ts";
import { KEYWORDS, type TokenType } from "./token.ts";

/**
 * Splits the inside of one action into tokens, including its closing delimiter. Throws a Fault if it is not an action.
 */
export function lexAction(cursor: Cursor, isFunction: (name: string) => boolean): void {
  while (!lexRightDelimiter(cursor)) lexToken(cursor, isFunction);
}

function lexRightDelimiter(cursor: Cursor): boolean {
  const trims = hasRightTrim(cursor.source, cursor.pos);
  if (!trims && !cursor.has("}}", cursor.pos)) return false;
  if (cursor.depth > 0) throw new Fault("unclosed left paren", { offset: cursor.pos });
  if (trims) cursor.pos += 2;
  cursor.emit("right", cursor.pos + 2);
  if (trims) cursor.pos = skipSpaceOn(cursor.source, cursor.pos);
  return true;
}

function lexToken(cursor: Cursor, isFunction: (name: string) => boolean): void {
  const first = cursor.source[cursor.pos];
  if (first === undefined) throw new Fault("unclosed action", { offset: cursor.pos });
  const lexKnown = BY_FIRST.get(first);
  if (lexKnown) lexKnown(cursor);
  else lexOther(cursor, isFunction);
}

/** Lexers by the first character of a token, for tokens that it determines. */
const BY_FIRST: ReadonlyMap<string, (cursor: Cursor) => void> = new Map([
  [" ", lexSpace],
  ["\t", lexSpace],
  ["\r", lexSpace],
  ["\n", lexSpace],
  ["=", (cursor) => cursor.emit("assign", cursor.pos + 1)],
  ["|", (cursor) => cursor.emit("pipe", cursor.pos + 1)],
  [":", lexDeclare],
  ['"', (cursor) => lexQuoted(cursor, "string", "quoted string")],
  ["'", (cursor) => lexQuoted(cursor, "character", "character constant")],
  ["`", lexRaw],
  ["$", (cursor) => lexName(cursor, "variable", "variable")],
  [".", lexDot],
]);

function lexDot(cursor: Cursor): void {
  const next = cursor.pos + 1;
  if (next < cursor.source.length && !isDigit(cursor.source.charCodeAt(next))) lexName(cursor, "field", "dot");
  else lexNumber(cursor);
}

/** Does not consume the last space before a closing delimiter that trims. */
function lexSpace(cursor: Cursor): void {
  const end = skipSpaceOn(cursor.source, cursor.pos);
  cursor.emit("space", hasRightTrim(cursor.source, end - 1) ? end - 1 : end);
}

function lexDeclare(cursor: Cursor): void {
  if (!cursor.has(":=", cursor.pos)) throw new Fault("expected :=", { offset: cursor.pos });
  cursor.emit("declare", cursor.pos + 2);
}

function lexQuoted(cursor: Cursor, type: TokenType, what: string): void {
  const { source, pos } = cursor;
  for (let i = pos + 1; i < source.length && source[i] !== "\n"; i++) {
    if (source[i] === source[pos]) {
      cursor.emit(type, i + 1);
      return;
    }
    if (source[i] === "\\" && source[i + 1] !== "\n") i++;
  }
  throw new Fault(`unterminated ${what}`, { offset: pos });
}

function lexRaw(cursor: Cursor): void {
  const close = cursor.source.indexOf("`", cursor.pos + 1);
  if (close < 0) throw new Fault("unterminated raw quoted string", { offset: cursor.pos });
  cursor.emit("string", close + 1);
}

/** A `.field` or `$variable`; `alone` is the type of the token if no name follows. */
function lexName(cursor: Cursor, type: TokenType, alone: TokenType): void {
  const start = cursor.pos + 1;
  const end = isTerminator(cursor, start) ? start : skipName(cursor, start);
  cursor.emit(end === start ? alone : type, end);
}

function lexWord(cursor: Cursor, isFunction: (name: string) => boolean): void {
  const end = skipName(cursor, cursor.pos);
  const word = cursor.source.slice(cursor.pos, end);
  const hidden = (word === "break" || word === "continue") && isFunction(word);
  if (KEYWORDS.has(word) && !hidden) cursor.emit("keyword", end);
  else cursor.emit(word === "true" || word === "false" ? "bool" : "identifier", end);
}

function lexOther(cursor: Cursor, isFunction: (name: string) => boolean): void {
  const character = cursor.characterAt(cursor.pos);
  if (isDigit(character.charCodeAt(0)) || character === "+" || character === "-") lexNumber(cursor);
  else if (isNameCharacter(character)) lexWord(cursor, isFunction);
  else if (character === "(" || character === ")") lexParenthesis(cursor, character === "(");
  else if (/[ -~]/.test(character)) cursor.emit("other", cursor.pos + 1);
  else throw new Fault(`unrecognized character in action: ${nameOf(character)}`, { offset: cursor.pos });
}

function lexParenthesis(cursor: Cursor, opens: boolean): void {
  cursor.depth += opens ? 1 : -1;
  if (cursor.depth < 0) throw new Fault("unexpected right paren", { offset: cursor.pos });
  cursor.emit(opens ? "open" : "close", cursor.pos + 1);
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

function skipName(cursor: Cursor, start: number): number {
  let end = start;
  for (let next = cursor.characterAt(end); isNameCharacter(next); next = cursor.characterAt(end)) end += next.length;
  if (!isTerminator(cursor, end)) {
    throw new Fault(`bad character ${nameOf(cursor.characterAt(end))}`, { offset: end });
  }
  return end;
}

function isTerminator(cursor: Cursor, pos: number): boolean {
  const next = cursor.source[pos] ?? "";
  return next === "" || isSpace(next.charCodeAt(0)) || ".,|:)(".includes(next) || cursor.has("}}", pos);
}
