import { Fault } from "../fault.ts";
import { byteLength, toBytes } from "../text/utf8.ts";
import { hasTextKeys, lookup } from "../value/map.ts";
import { Byte, intOf } from "../value/numbers.ts";
import { isList, kindOf, typeName } from "../value/value.ts";

/**
 * Go's `index`: the value at a path of list positions and map keys. A missing key returns nil. Throws a Fault for a
 * position out of range, a key of another type, and for indexing nil or a value without elements.
 */
export function index(item: unknown, path: readonly unknown[]): unknown {
  if (item === undefined || item === null) throw new Fault("index of untyped nil");
  let value: unknown = item;
  for (const key of path) value = elementOf(value, key);
  return value;
}

/** A position in a list or text as a number from 0 to `limit` inclusive. Throws a Fault otherwise. */
export function positionOf(value: unknown, limit: number): number {
  const kind = kindOf(value);
  if (kind === "invalid" || kind === "nil") throw new Fault("cannot index slice/array with nil");
  if (kind !== "int" && kind !== "uint") throw new Fault(`cannot index slice/array with type ${typeName(value)}`);
  const position = intOf(value);
  if (position < 0 || position > limit) throw new Fault(`index out of range: ${position}`);
  return Number(position);
}

function elementOf(value: unknown, key: unknown): unknown {
  if (value === undefined || value === null) throw new Fault("index of nil pointer");
  if (isList(value)) return value[positionBelow(key, value.length)] ?? null;
  if (typeof value === "string") return byteOf(value, key);
  if (kindOf(value) !== "map") throw new Fault(`can't index item of type ${typeName(value)}`);
  if (hasTextKeys(value)) checkTextKey(key);
  return lookup(value, key ?? null) ?? null;
}

function byteOf(text: string, key: unknown): Byte {
  const position = positionBelow(key, byteLength(text));
  return new Byte(toBytes(text)[position] ?? 0);
}

function positionBelow(key: unknown, length: number): number {
  const position = positionOf(key, length);
  if (position === length) throw new Fault(`index out of range: ${position}`);
  return position;
}

function checkTextKey(key: unknown): void {
  if (typeof key === "string") return;
  if (key === undefined || key === null) throw new Fault("value is nil; should be of type string");
  throw new Fault(`value has type ${typeName(key)}; should be string`);
}
