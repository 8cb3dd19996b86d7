import { TypedFunction } from "./function.ts";
import { Byte, Complex, Float } from "./numbers.ts";

/*
 * Values are JavaScript's own. Go distinguishes nil from a missing value (a missing key, a template without an argument): here `null` is nil and `undefined` is a missing value.
 */

/** The kind of a value in Go. `invalid` is a missing value. */
export type Kind =
  | "invalid"
  | "nil"
  | "bool"
  | "int"
  | "uint"
  | "float"
  | "complex"
  | "string"
  | "list"
  | "map"
  | "func";

const TYPE_NAMES: Readonly<Record<Kind, string>> = {
  invalid: "<nil>",
  nil: "interface {}",
  bool: "bool",
  int: "int",
  uint: "uint8",
  float: "float64",
  complex: "complex128",
  string: "string",
  list: "[]interface {}",
  map: "map[string]interface {}",
  func: "func()",
};

/**
 * The kind of any JavaScript value. Whole numbers within 64 bits are ints, and all objects except known classes are
 * maps.
 */
export function kindOf(value: unknown): Kind {
  switch (typeof value) {
    case "undefined":
      return "invalid";
    case "boolean":
      return "bool";
    case "string":
      return "string";
    case "bigint":
      return "int";
    case "number":
      return Number.isInteger(value) && value >= -(2 ** 63) && value < 2 ** 63 ? "int" : "float";
    case "object":
      return value === null ? "nil" : kindOfObject(value);
    default:
      return "func";
  }
}

/** Go's name of a value's type. */
export function typeName(value: unknown): string {
  if (value instanceof Map && ![...value.keys()].every((key) => typeof key === "string")) {
    return "map[interface {}]interface {}";
  }
  return TYPE_NAMES[kindOf(value)];
}

/** Narrows to a list. */
export function isList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value);
}

function kindOfObject(value: object): Kind {
  if (Array.isArray(value)) return "list";
  if (value instanceof Float) return "float";
  if (value instanceof Byte) return "uint";
  if (value instanceof TypedFunction) return "func";
  return value instanceof Complex ? "complex" : "map";
}
