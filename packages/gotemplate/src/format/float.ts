import { type Decimal, exact, roundTo, shortest } from "./decimal.ts";
import { type Flags, pad, padWithSpaces } from "./flags.ts";
import { binaryFloat, hexFloat } from "./float-binary.ts";

const VERBS: ReadonlySet<string> = new Set("eEfFgGvbxX");

/** A float by a verb of `e E f F g G v b x X`; undefined for any other verb. */
export function formatFloat(flags: Flags, value: number, verb: string): string | undefined {
  if (!VERBS.has(verb)) return undefined;
  if (!Number.isFinite(value)) return formatSpecial(flags, value);
  const style = verb === "v" ? "g" : verb === "F" ? "f" : verb;
  const negative = value < 0 || Object.is(value, -0);
  const digits = unsignedFloat(Math.abs(value), style, flags.precision);
  const number = flags.sharp && style !== "b" ? withPoint(digits, style, flags.precision) : digits;
  return padSigned(flags, negative ? "-" : flags.plus ? "+" : flags.space ? " " : "", number);
}

function formatSpecial(flags: Flags, value: number): string {
  const sign = flags.space && !flags.plus ? " " : "+";
  if (Number.isNaN(value)) return padWithSpaces(flags, flags.space || flags.plus ? `${sign}NaN` : "NaN");
  return padWithSpaces(flags, `${value < 0 ? "-" : sign}Inf`);
}

function padSigned(flags: Flags, sign: string, digits: string): string {
  if (sign === "" || !flags.zero || flags.minus) return pad(flags, sign + digits);
  return sign + pad({ ...flags, width: flags.width === undefined ? undefined : flags.width - 1 }, digits);
}

function unsignedFloat(value: number, style: string, precision: number | undefined): string {
  if (style === "b") return binaryFloat(value);
  if (style === "x" || style === "X") return hexFloat(value, style, precision);
  if (style === "f") return fixed(value, precision ?? DEFAULT_PRECISION);
  if (style === "g" || style === "G") return general(value, style, precision);
  const places = precision ?? DEFAULT_PRECISION;
  return withExponent(roundTo(exact(value), places + 1), style, places);
}

const DEFAULT_PRECISION = 6;

function fixed(value: number, places: number): string {
  const decimal = exact(value);
  return withoutExponent(roundTo(decimal, decimal.point + places), places);
}

/** The format `g`: with an exponent if it is below -4, or at least the precision (6 for the shortest form). */
function general(value: number, style: string, precision: number | undefined): string {
  const most = precision === 0 ? 1 : precision;
  const decimal = most === undefined ? shortest(value) : roundTo(exact(value), most);
  const { digits, point } = decimal;
  const digitsShown = most === undefined ? 6 : most > digits.length && digits.length >= point ? digits.length : most;
  if (point - 1 >= -4 && point - 1 < digitsShown) return withoutExponent(decimal, 0);
  return withExponent(decimal, style === "G" ? "E" : "e", Math.max(digits.length - 1, 0));
}

function withExponent(decimal: Decimal, letter: string, places: number): string {
  const { digits, point } = decimal;
  const rest = digits.slice(1).padEnd(places, "0");
  const exponent = digits === "" ? 0 : point - 1;
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${digits[0] ?? "0"}${rest === "" ? "" : `.${rest}`}${letter}${exponent < 0 ? "-" : "+"}${power}`;
}

function withoutExponent(decimal: Decimal, places: number): string {
  const { digits, point } = decimal;
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, "0") : "0";
  const fraction = point > 0 ? digits.slice(point) : "0".repeat(digits === "" ? 0 : -point) + digits;
  const shown = fraction.padEnd(places, "0");
  return shown === "" ? whole : `${whole}.${shown}`;
}

/** The `#` flag: always a decimal point, and for `g` and `x` as many digits as the precision, by default 6. */
function withPoint(number: string, style: string, precision: number | undefined): string {
  const split = number.search(style === "x" || style === "X" ? /[pP]/ : /[eE]/);
  const mantissa = split < 0 ? number : number.slice(0, split);
  const tail = split < 0 ? "" : number.slice(split);
  const wanted = style === "g" || style === "G" || style === "x" ? (precision ?? 6) : 0;
  const significant = mantissa.replace(/[.]/, "").replace(/^0+/, "").length;
  const zero = mantissa === "0" ? 1 : 0;
  const point = mantissa.includes(".") ? "" : ".";
  return mantissa + point + "0".repeat(Math.max(0, wanted - significant - zero)) + tail;
}
