import { Fault } from "../fault.ts";
import { isNameCharacter, shortened } from "../text/characters.ts";
import type { Cursor } from "./cursor.ts";

/** Reads a number, or a complex number such as `1+2i`. The parser checks whether it is valid. */
export function lexNumber(cursor: Cursor): void {
  const end = scanNumber(cursor, cursor.pos);
  const sign = cursor.source[end];
  if (sign !== "+" && sign !== "-") {
    cursor.emit("number", end);
    return;
  }
  const close = scanNumber(cursor, end);
  if (cursor.source[close - 1] !== "i") throw badNumber(cursor, close);
  cursor.emit("complex", close);
}

function scanNumber(cursor: Cursor, start: number): number {
  const { source } = cursor;
  let pos = skipOne(source, start, /[+-]/);
  const prefix = source[pos] === "0" ? (source[pos + 1] ?? "").toLowerCase() : "";
  const digits = digitsAfter(prefix);
  if (digits !== DECIMAL) pos += 2;
  pos = skipAll(source, pos, digits);
  if (source[pos] === ".") pos = skipAll(source, pos + 1, digits);
  const exponent = digits === DECIMAL ? /[eE]/ : digits === HEX ? /[pP]/ : undefined;
  if (exponent?.test(source[pos] ?? "")) pos = skipAll(source, skipOne(source, pos + 1, /[+-]/), DECIMAL);
  if (source[pos] === "i") pos++;
  if (isNameCharacter(cursor.characterAt(pos))) throw badNumber(cursor, pos + 1);
  return pos;
}

const DECIMAL = /[0-9_]/;
const HEX = /[0-9a-fA-F_]/;
const OCTAL = /[0-7_]/;
const BINARY = /[01_]/;

function digitsAfter(prefix: string): RegExp {
  return prefix === "x" ? HEX : prefix === "o" ? OCTAL : prefix === "b" ? BINARY : DECIMAL;
}

function skipOne(source: string, pos: number, wanted: RegExp): number {
  return wanted.test(source[pos] ?? "") ? pos + 1 : pos;
}

function skipAll(source: string, start: number, wanted: RegExp): number {
  let pos = start;
  while (wanted.test(source[pos] ?? "")) pos++;
  return pos;
}

function badNumber(cursor: Cursor, end: number): Fault {
  return new Fault(`bad number syntax: "${shortened(cursor.source.slice(cursor.pos, end))}"`, { offset: cursor.pos });
}
