import { Fault } from "../fault.ts";
import { compareText } from "../text/utf8.ts";
import { Complex, compareInts, floatOf, intOf } from "./numbers.ts";
import { type Kind, kindOf, typeName } from "./value.ts";

const BASIC: ReadonlySet<Kind> = new Set(["bool", "int", "uint", "float", "complex", "string"]);

/**
 * Go's `eq` of two values. Ints and bytes compare with each other; other different kinds throw a Fault, as do two
 * lists, two maps or two functions. Anything compares with nil.
 */
export function areEqual(a: unknown, b: unknown): boolean {
  const kinds = [kindOf(a), kindOf(b)] as const;
  if (isWhole(kinds[0]) && isWhole(kinds[1])) return compareInts(intOf(a), intOf(b)) === 0;
  if (isAbsent(kinds[0]) || isAbsent(kinds[1])) return isAbsent(kinds[0]) && isAbsent(kinds[1]);
  if (!BASIC.has(kinds[0]) && !BASIC.has(kinds[1])) throw notComparable(a, b);
  if (kinds[0] !== kinds[1]) throw new Fault("incompatible types for comparison");
  return equalsOfKind(kinds[0], a, b);
}

/** Go's `lt` of two values. Throws a Fault for different kinds and for kinds without an order. */
export function isLess(a: unknown, b: unknown): boolean {
  const kinds = [kindOf(a), kindOf(b)] as const;
  if (!BASIC.has(kinds[0]) || !BASIC.has(kinds[1])) throw new Fault("invalid type for comparison");
  if (isWhole(kinds[0]) && isWhole(kinds[1])) return compareInts(intOf(a), intOf(b)) < 0;
  if (kinds[0] !== kinds[1]) throw new Fault("incompatible types for comparison");
  if (kinds[0] === "float") return floatOf(a) < floatOf(b);
  if (typeof a === "string" && typeof b === "string") return compareText(a, b) < 0;
  throw new Fault("invalid type for comparison");
}

function isWhole(kind: Kind): boolean {
  return kind === "int" || kind === "uint";
}

function isAbsent(kind: Kind): boolean {
  return kind === "nil" || kind === "invalid";
}

function equalsOfKind(kind: Kind, a: unknown, b: unknown): boolean {
  if (kind === "float") return floatOf(a) === floatOf(b);
  if (a instanceof Complex && b instanceof Complex) return a.real === b.real && a.imaginary === b.imaginary;
  return a === b;
}

function notComparable(a: unknown, b: unknown): Fault {
  if (kindOf(a) !== kindOf(b)) return new Fault(`non-comparable types ${typeName(a)}, ${typeName(b)}`);
  return new Fault(`non-comparable type ${typeName(a)}`);
}
