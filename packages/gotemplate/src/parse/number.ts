import { Fault } from "../fault.ts";
import { shortened } from "../text/characters.ts";
import { unquoteCharacter } from "../text/unquote.ts";
import { Complex, Float, intOf } from "../value/numbers.ts";
import { parseFloatText, parseIntText } from "./numeral.ts";

/**
 * The possible values of a number literal. A literal has no type: it gets the type that its context requires, or
 * `ideal` where any type is allowed. `ideal` is undefined for an int beyond 64 bits, which is an error only if it is
 * used.
 */
export interface NumberValue {
  readonly ideal: number | bigint | Float | Complex | undefined;
  readonly int: number | bigint | undefined;
  readonly float: number | undefined;
}

/** The value of a number token. Throws a Fault if it is not a number in Go. */
export function parseNumber(text: string): NumberValue {
  if (/^([1-9][0-9]{0,14}|0)$/.test(text)) return plainNumber(Number(text));
  if (text.endsWith("i")) return imaginary(text);
  const whole = parseIntText(text);
  if (whole === undefined) return fraction(text);
  const fits = BigInt.asIntN(64, whole) === whole;
  const int = fits ? intOf(whole) : undefined;
  if (fits && looksLikeFloat(text)) return { ideal: new Float(Number(whole)), int, float: Number(whole) };
  return { ideal: int, int, float: Number(whole) };
}

/** The value of `1+2i`. */
export function parseComplex(text: string): NumberValue {
  const split = Math.max(text.lastIndexOf("+"), text.lastIndexOf("-"));
  const at = /[eEpP]/.test(text[split - 1] ?? "") && !/^[+-]?0[xX]/.test(text) ? signBefore(text, split) : split;
  const real = parseFloatText(text.slice(0, at));
  const unit = parseFloatText(text.slice(at, -1));
  if (real === undefined || unit === undefined) throw illegal(text);
  return complex(real, unit);
}

/** The value of `'x'`. */
export function parseCharacter(literal: string): NumberValue {
  return plainNumber(unquoteCharacter(literal));
}

/** The value of a short decimal int, which most numbers are. */
function plainNumber(int: number): NumberValue {
  return { ideal: int, int, float: int };
}

function imaginary(text: string): NumberValue {
  const unit = parseFloatText(text.slice(0, -1));
  if (unit === undefined) throw illegal(text);
  return complex(0, unit);
}

function complex(real: number, unit: number): NumberValue {
  const ideal = new Complex(real, unit);
  return unit === 0 ? { ideal, int: exactInt(real), float: real } : { ideal, int: undefined, float: undefined };
}

function fraction(text: string): NumberValue {
  const value = parseFloatText(text);
  if (value === undefined) throw illegal(text);
  if (!/[.eEpP]/.test(text)) throw new Fault(`integer overflow: "${shortened(text)}"`);
  return { ideal: new Float(value), int: exactInt(value), float: value };
}

/**
 * Go decides by its letters whether a number is a float. After a sign, Go mistakes the `e` of a hex int for an
 * exponent.
 */
function looksLikeFloat(text: string): boolean {
  return /[.eEpP]/.test(text) && !/^0[xX]/.test(text);
}

function exactInt(value: number): number | bigint | undefined {
  const fits = Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63;
  return fits ? intOf(value) : undefined;
}

function signBefore(text: string, pos: number): number {
  return Math.max(text.lastIndexOf("+", pos - 1), text.lastIndexOf("-", pos - 1));
}

function illegal(text: string): Fault {
  return new Fault(`illegal number syntax: "${shortened(text)}"`);
}
