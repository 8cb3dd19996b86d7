import { characterOf, isPrintable } from "../text/characters.ts";
import { quote } from "../text/quote.ts";
import { type Flags, pad, padWithSpaces } from "./flags.ts";

const BASES: Readonly<Record<string, number>> = { d: 10, v: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };

/** An int by a verb of `d v b o O x X c q U`; undefined for any other verb. `unsigned` is for bytes. */
export function formatInteger(
  flags: Flags,
  value: number | bigint,
  verb: string,
  unsigned = false,
): string | undefined {
  if (verb === "v" && unsigned && flags.source) return inBase({ ...flags, sharp: true }, value, 16, verb);
  const base = Object.hasOwn(BASES, verb) ? BASES[verb] : undefined;
  if (base !== undefined) return inBase(flags, value, base, verb);
  const point = value >= 0 && value <= 0x10ffff ? Number(value) : -1;
  if (verb === "c") return pad(flags, characterOf(point));
  if (verb === "q") return pad(flags, quote(characterOf(point), "'", flags.plus));
  return verb === "U" ? codePoint(flags, value, point) : undefined;
}

function inBase(flags: Flags, value: number | bigint, base: number, verb: string): string {
  if (flags.precision === 0 && Number(value) === 0) return " ".repeat(flags.width ?? 0);
  const negative = value < 0;
  const plain = (negative ? -value : value).toString(base);
  const signed = negative || flags.plus || flags.space;
  const digits = (verb === "X" ? plain.toUpperCase() : plain).padStart(leastDigits(flags, signed), "0");
  const sign = negative ? "-" : flags.plus ? "+" : flags.space ? " " : "";
  return padWithSpaces(flags, sign + prefixOf(flags, digits, base, verb) + digits);
}

/** Padding zeros count as digits, unless a precision sets the number of digits. */
function leastDigits(flags: Flags, signed: boolean): number {
  if (flags.precision !== undefined) return flags.precision;
  if (!flags.zero || flags.minus || flags.width === undefined) return 0;
  return flags.width - (signed ? 1 : 0);
}

function prefixOf(flags: Flags, digits: string, base: number, verb: string): string {
  if (verb === "O") return flags.sharp && !digits.startsWith("0") ? "0o0" : "0o";
  if (!flags.sharp || base === 10) return "";
  if (base === 8) return digits.startsWith("0") ? "" : "0";
  return base === 2 ? "0b" : verb === "X" ? "0X" : "0x";
}

function codePoint(flags: Flags, value: number | bigint, point: number): string {
  const whole = BigInt.asUintN(64, BigInt(value));
  const digits = whole
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(4, flags.precision ?? 0), "0");
  const character = point >= 0 ? characterOf(point) : "";
  const shown = flags.sharp && point >= 0 && isPrintable(character) && character.codePointAt(0) === point;
  return padWithSpaces(flags, `U+${digits}${shown ? ` '${character}'` : ""}`);
}
