/** A float64 whose value is whole: JavaScript cannot distinguish `2.0` from `2`. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A uint8, the result of indexing a string. */
export class Byte {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** A complex128, the value of an imaginary literal. */
export class Complex {
  readonly real: number;
  readonly imaginary: number;

  constructor(real: number, imaginary: number) {
    this.real = real;
    this.imaginary = imaginary;
  }
}

/** Marks a number as a Go float64, so that `2` prints, compares and is typed as `2.0` would be. */
export function float(value: number): Float {
  return new Float(value);
}

/** The exact value of an int or uint: a number if that is exact, otherwise a bigint. Wraps around at 64 bits. */
export function intOf(value: unknown): number | bigint {
  if (value instanceof Byte) return value.value;
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  if (typeof value !== "number" && typeof value !== "bigint") return 0;
  const wrapped = BigInt.asIntN(64, BigInt(value));
  const short = Number(wrapped);
  return Number.isSafeInteger(short) ? short : wrapped;
}

/** The value of a float. */
export function floatOf(value: unknown): number {
  return value instanceof Float ? value.value : typeof value === "number" ? value : 0;
}

/** Order of two ints: negative, zero or positive. */
export function compareInts(a: number | bigint, b: number | bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
