import { partsOf } from "./decimal.ts";

/** A float as `4503599627370496p-52`: its mantissa and its power of two. */
export function binaryFloat(value: number): string {
  const { mantissa, exponent } = partsOf(value);
  return `${mantissa}p${exponent < 0 ? "" : "+"}${exponent}`;
}

/** A float as `0x1.8p+01`, with `precision` hexadecimal digits or as many as it has. */
export function hexFloat(value: number, style: "x" | "X", precision: number | undefined): string {
  const { bits, exponent } = normalized(value);
  const { whole, fraction, carry } = hexDigits(bits, precision);
  const power = exponent + carry;
  const shown = `${fraction === "" ? "" : `.${fraction}`}p${power < 0 ? "-" : "+"}`;
  const text = `0x${whole}${shown}${String(Math.abs(power)).padStart(2, "0")}`;
  return style === "X" ? text.toUpperCase() : text;
}

const FRACTION_BITS = 52n;

/** The mantissa shifted so that its first bit is bit 52. */
function normalized(value: number): { bits: bigint; exponent: number } {
  const { mantissa, exponent } = partsOf(value);
  if (mantissa === 0n) return { bits: 0n, exponent: 0 };
  const shift = 53 - mantissa.toString(2).length;
  return { bits: mantissa << BigInt(shift), exponent: exponent + 52 - shift };
}

function hexDigits(bits: bigint, precision: number | undefined): { whole: string; fraction: string; carry: number } {
  const digits = Math.min(precision ?? 13, 13);
  const cut = BigInt(13 - digits) * 4n;
  const up = roundsUp(bits, cut) ? 1n : 0n;
  const kept = ((bits >> cut) + up) << cut;
  const carry = kept >> (FRACTION_BITS + 1n) > 0n ? 1 : 0;
  const settled = carry === 1 ? kept >> 1n : kept;
  const all = (settled & ((1n << FRACTION_BITS) - 1n)).toString(16).padStart(13, "0");
  const fraction = precision === undefined ? all.replace(/0+$/, "") : all.slice(0, digits).padEnd(precision, "0");
  return { whole: String(settled >> FRACTION_BITS), fraction, carry };
}

function roundsUp(bits: bigint, cut: bigint): boolean {
  if (cut === 0n) return false;
  const half = 1n << (cut - 1n);
  const rest = bits & ((1n << cut) - 1n);
  return rest > half || (rest === half && ((bits >> cut) & 1n) === 1n);
}
