import { Fault } from "../fault.ts";
import type { NumberNode, Operand } from "../parse/nodes.ts";
import { shortened } from "../text/characters.ts";
import type { ParamType } from "../value/function.ts";
import { Byte, Float, floatOf, intOf } from "../value/numbers.ts";
import { kindOf, typeName } from "../value/value.ts";

/**
 * A declared parameter, or `value`, the parameter of built-ins, which distinguishes a missing value (undefined) from
 * nil (null).
 */
export type Param = ParamType | "value";

const GO_NAMES: Readonly<Record<Param, string>> = {
  any: "interface {}",
  value: "reflect.Value",
  string: "string",
  int: "int",
  float: "float64",
  bool: "bool",
  list: "[]interface {}",
  map: "map[string]interface {}",
};

/** A value as an argument. Throws a Fault if the parameter has another type. */
export function accept(value: unknown, param: Param): unknown {
  if (param === "value") return value;
  if (param === "any") return typeof value === "bigint" || value instanceof Byte ? intOf(value) : (value ?? null);
  if (value === undefined) return absent(param, `invalid value; expected ${GO_NAMES[param]}`);
  if (kindOf(value) === param) return convert(value, param);
  throw new Fault(`wrong type for value; expected ${GO_NAMES[param]}; got ${typeName(value)}`);
}

/**
 * A literal of `source` as an argument: numbers are converted to the type of the parameter. Throws a Fault if that is
 * impossible.
 */
export function acceptLiteral(node: Operand, param: Param, source: string): unknown {
  if (node.kind === "nil") return acceptNil(param);
  if (param === "any" || param === "value") return literalOf(node);
  if (node.kind === "number" && param === "int" && node.value.int !== undefined) return BigInt(node.value.int);
  if (node.kind === "number" && param === "float" && node.value.float !== undefined) return node.value.float;
  if ((node.kind === "string" || node.kind === "bool") && node.kind === param) return node.value;
  throw new Fault(`${wanted(param)}; found ${shortened(source.slice(node.start, node.end))}`);
}

/** The value of a literal where any type is allowed. Throws a Fault for an int beyond 64 bits and for a bare nil. */
export function literalOf(node: Operand): unknown {
  if (node.kind === "string" || node.kind === "bool") return node.value;
  if (node.kind === "number") return idealOf(node);
  throw new Fault("nil is not a command");
}

function absent(param: Param, reason: string): unknown {
  if (param === "list") return [];
  if (param === "map") return {};
  throw new Fault(reason);
}

function convert(value: unknown, param: Param): unknown {
  if (param === "int") return BigInt(intOf(value));
  return param === "float" ? floatOf(value) : value;
}

function acceptNil(param: Param): unknown {
  if (param === "value") return undefined;
  return param === "any" ? null : absent(param, `cannot assign nil to ${GO_NAMES[param]}`);
}

function idealOf(node: NumberNode): unknown {
  const { ideal } = node.value;
  if (ideal === undefined) throw new Fault(`${node.raw} overflows int`);
  return ideal instanceof Float && !Number.isInteger(ideal.value) ? ideal.value : ideal;
}

function wanted(param: Param): string {
  if (param === "int") return "expected integer";
  return param === "list" || param === "map"
    ? `can't handle a literal for arg of type ${GO_NAMES[param]}`
    : `expected ${param}`;
}
