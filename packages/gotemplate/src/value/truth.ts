import { Complex, floatOf, intOf } from "./numbers.ts";
import { kindOf } from "./value.ts";

/** Go's truth value: false for false, 0, nil, a missing value, and empty strings, lists and maps. */
export function isTrue(value: unknown): boolean {
  switch (kindOf(value)) {
    case "invalid":
    case "nil":
      return false;
    case "bool":
      return value === true;
    case "int":
    case "uint":
      return intOf(value) !== 0;
    case "float":
      return floatOf(value) !== 0;
    case "complex":
      return value instanceof Complex && (value.real !== 0 || value.imaginary !== 0);
    case "string":
      return value !== "";
    case "list":
      return Array.isArray(value) && value.length > 0;
    case "map":
      return hasAny(value);
    case "func":
      return true;
  }
}

function hasAny(map: unknown): boolean {
  if (map instanceof Map) return map.size > 0;
  for (const key in map ?? {}) if (Object.hasOwn(map ?? {}, key)) return true;
  return false;
}
