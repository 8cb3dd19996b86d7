import { Fault } from "../fault.ts";
import { shortened } from "./characters.ts";
import { byteText, joinSurrogates } from "./utf8.ts";

const NAMED: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, "\\": 92 };
const DIGITS: Readonly<Record<string, number>> = { x: 2, u: 4, U: 8 };

/**
 * The text of a `"..."` or back-quoted literal, including its quotes. Throws a Fault for an escape that Go does not support.
 */
export function unquote(literal: string): string {
  const body = literal.slice(1, -1);
  if (literal.startsWith("`")) return body.replaceAll("\r", "");
  if (!body.includes("\\")) return body;
  let text = "";
  for (let i = 0; i < body.length; ) {
    const unit = readUnit(body, i, '"');
    text += unit.isByte ? byteText(unit.value) : String.fromCodePoint(unit.value);
    i = unit.end;
  }
  return joinSurrogates(text);
}

/** The number of a `'x'` literal, including its quotes. Throws a Fault if it is not exactly one character. */
export function unquoteCharacter(literal: string): number {
  const body = literal.slice(1, -1);
  if (body === "") throw new Fault("invalid syntax");
  const unit = readUnit(body, 0, "'");
  if (unit.end !== body.length) throw new Fault(`malformed character constant: ${shortened(literal)}`);
  return unit.value;
}

interface Unit {
  readonly value: number;
  readonly isByte: boolean;
  readonly end: number;
}

function readUnit(body: string, i: number, mark: string): Unit {
  const point = body.codePointAt(i) ?? 0;
  if (point !== 0x5c) return { value: point, isByte: false, end: i + (point > 0xffff ? 2 : 1) };
  const letter = body[i + 1] ?? "";
  const named = Object.hasOwn(NAMED, letter) ? NAMED[letter] : undefined;
  if (named !== undefined) return { value: named, isByte: false, end: i + 2 };
  if (letter === mark) return { value: mark.charCodeAt(0), isByte: false, end: i + 2 };
  if (Object.hasOwn(DIGITS, letter)) return readHex(body, i + 2, letter);
  return readOctal(body, i + 1);
}

function readHex(body: string, start: number, letter: string): Unit {
  const end = start + (DIGITS[letter] ?? 0);
  const digits = body.slice(start, end);
  if (digits.length !== end - start || !/^[0-9a-fA-F]+$/.test(digits)) throw new Fault("invalid syntax");
  const value = Number.parseInt(digits, 16);
  if (letter !== "x" && (value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))) throw new Fault("invalid syntax");
  return { value, isByte: letter === "x", end };
}

function readOctal(body: string, start: number): Unit {
  const digits = body.slice(start, start + 3);
  if (!/^[0-7]{3}$/.test(digits)) throw new Fault("invalid syntax");
  const value = Number.parseInt(digits, 8);
  if (value > 0xff) throw new Fault("invalid syntax");
  return { value, isByte: true, end: start + 3 };
}
