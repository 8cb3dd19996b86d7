import { Fault } from "../fault.ts";
import { byteLength } from "../text/utf8.ts";
import { sizeOf } from "../value/map.ts";
import { isList, kindOf, typeName } from "../value/value.ts";

/** Go's `len`: bytes of a text, elements of a list, keys of a map. Throws a Fault for anything else. */
export function length(value: unknown): number {
  if (typeof value === "string") return byteLength(value);
  if (isList(value)) return value.length;
  if (value === undefined || value === null) throw new Fault("len of nil pointer");
  if (kindOf(value) === "map") return sizeOf(value);
  throw new Fault(`len of type ${typeName(value)}`);
}
