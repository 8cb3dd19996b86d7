import { createHash } from "node:crypto";
import { coreVersion } from "@maand/core/internal";

let version: string | undefined;

/**
 * A short text that differs if the input of a schema differs. The input may be definitions of any library, including
 * the source of their functions. Computing this text is much faster than generating the schema.
 */
export function fingerprint(...inputs: readonly unknown[]): string {
  version ??= coreVersion();
  const numbers = new Map<object, number>();
  const text = JSON.stringify([version, ...inputs], (_, value: unknown) => {
    if (typeof value === "bigint") return `${value}n`;
    if (typeof value !== "function" && (typeof value !== "object" || value === null)) return value;
    const known = numbers.get(value);
    if (known !== undefined) return `#${known}`; // libraries refer to a definition from several places, and from within itself
    numbers.set(value, numbers.size);
    if (typeof value === "function" || value instanceof RegExp) return String(value);
    return value instanceof Map || value instanceof Set ? [...value] : value;
  });
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
