import { compareText } from "../text/utf8.ts";
import { compareInts, floatOf, intOf } from "./numbers.ts";
import { kindOf } from "./value.ts";

/** The value of a key: null if it is nil, undefined if the key does not exist. */
export function lookup(map: unknown, key: unknown): unknown {
  if (map instanceof Map) return lookupIn(map, key);
  if (typeof map !== "object" || map === null || typeof key !== "string") return undefined;
  if (!Object.hasOwn(map, key)) return undefined;
  return (map as Readonly<Record<string, unknown>>)[key] ?? null;
}

/** Number of keys. */
export function sizeOf(map: unknown): number {
  if (map instanceof Map) return map.size;
  return typeof map === "object" && map !== null ? Object.keys(map).length : 0;
}

/** Keys and values in the order in which Go iterates over and prints them. */
export function sortedEntries(map: unknown): (readonly [key: unknown, value: unknown])[] {
  const entries: [unknown, unknown][] = map instanceof Map ? [...map] : Object.entries(map ?? {});
  return entries.sort(([a], [b]) => compareKeys(a, b)).map(([key, value]) => [key ?? null, value ?? null]);
}

/** Whether every key is text, as in maps from JSON. */
export function hasTextKeys(map: unknown): boolean {
  return !(map instanceof Map) || [...map.keys()].every((key) => typeof key === "string");
}

function lookupIn(map: ReadonlyMap<unknown, unknown>, key: unknown): unknown {
  if (map.has(key)) return map.get(key) ?? null;
  if (kindOf(key) !== "int" && kindOf(key) !== "uint") return undefined;
  const exact = intOf(key);
  const other = typeof exact === "number" ? BigInt(exact) : exact;
  return map.has(other) ? (map.get(other) ?? null) : map.has(exact) ? (map.get(exact) ?? null) : undefined;
}

const KEY_ORDER = ["invalid", "nil", "bool", "int", "uint", "float", "complex", "string"];

function compareKeys(a: unknown, b: unknown): number {
  const kind = kindOf(a);
  if (kind !== kindOf(b)) return KEY_ORDER.indexOf(kind) - KEY_ORDER.indexOf(kindOf(b));
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (kind === "float") return floatOf(a) - floatOf(b);
  return kind === "bool" ? Number(a) - Number(b) : compareInts(intOf(a), intOf(b));
}
