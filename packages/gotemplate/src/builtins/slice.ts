import { Fault } from "../fault.ts";
import { byteLength, fromBytes, toBytes } from "../text/utf8.ts";
import { isList, typeName } from "../value/value.ts";
import { positionOf } from "./element.ts";

/**
 * Go's `slice`: a part of a list or, by bytes, of a text. A list accepts a third bound, its capacity, which is only
 * validated here. Throws a Fault for bounds out of range or order, and for other values.
 */
export function slice(item: unknown, bounds: readonly unknown[]): unknown {
  if (item === undefined || item === null) throw new Fault("slice of untyped nil");
  if (bounds.length > 3) throw new Fault(`too many slice indexes: ${bounds.length}`);
  if (typeof item === "string" && bounds.length === 3) throw new Fault("cannot 3-index slice a string");
  if (typeof item !== "string" && !isList(item)) throw new Fault(`can't slice item of type ${typeName(item)}`);
  const size = typeof item === "string" ? byteLength(item) : item.length;
  const [start = 0, end = size, limit = size] = bounds.map((bound) => positionOf(bound, size));
  if (start > end) throw new Fault(`invalid slice index: ${start} > ${end}`);
  if (end > limit) throw new Fault(`invalid slice index: ${end} > ${limit}`);
  return typeof item === "string" ? fromBytes(toBytes(item), start, end) : item.slice(start, end);
}
