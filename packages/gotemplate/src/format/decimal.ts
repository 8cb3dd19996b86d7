/** A number as 0.DIGITS * 10^point, without leading or trailing zeros; zero has no digits. */
export interface Decimal {
  readonly digits: string;
  readonly point: number;
}

/** The shortest digits that parse to the same float. `value` is finite and not negative. */
export function shortest(value: number): Decimal {
  if (value === 0) return { digits: "", point: 0 };
  const [mantissa = "", exponent = "0"] = value.toExponential().split("e");
  return trimmed(mantissa.replace(".", ""), Number(exponent) + 1);
}

/** All digits of the exact value of a float. `value` is finite and not negative. */
export function exact(value: number): Decimal {
  if (value === 0) return { digits: "", point: 0 };
  const { mantissa, exponent } = partsOf(value);
  const scaled = exponent >= 0 ? mantissa << BigInt(exponent) : mantissa * 5n ** BigInt(-exponent);
  const digits = scaled.toString();
  return trimmed(digits, digits.length + Math.min(exponent, 0));
}

/** At most `count` digits of an exact decimal; a half rounds to the even digit. */
export function roundTo(decimal: Decimal, count: number): Decimal {
  const { digits, point } = decimal;
  if (count >= digits.length) return decimal;
  if (count < 0) return { digits: "", point: 0 };
  const kept = digits.slice(0, count);
  if (!roundsUp(digits, count)) return kept === "" ? { digits: "", point: 0 } : trimmed(kept, point);
  const raised = (BigInt(`0${kept}`) + 1n).toString().padStart(count, "0");
  return trimmed(raised, point + raised.length - count);
}

/** A float as mantissa * 2^exponent with a mantissa of at most 53 bits. */
export function partsOf(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & ((1n << 52n) - 1n);
  if (biased === 0) return { mantissa: fraction, exponent: -1074 };
  return { mantissa: fraction | (1n << 52n), exponent: biased - 1075 };
}

function roundsUp(digits: string, count: number): boolean {
  const next = digits[count] ?? "0";
  if (next !== "5" || count + 1 < digits.length) return next >= "5";
  return Number(digits[count - 1] ?? "0") % 2 === 1;
}

function trimmed(digits: string, point: number): Decimal {
  const kept = digits.replace(/0+$/, "");
  return kept === "" ? { digits: "", point: 0 } : { digits: kept, point };
}
