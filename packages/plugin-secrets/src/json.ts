import { isRecord } from "@maand/core/operator";
import { WrongOutput } from "./adapter.ts";

/** Parses an output as JSON. Hides the error of the parser, because it would repeat a part of the output. */
export function parseOutput(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    throw new WrongOutput("its output is not JSON");
  }
}

/** A member of a JSON value; undefined if there is none. */
export function memberOf(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inside, key) => (isRecord(inside) && Object.hasOwn(inside, key) ? inside[key] : undefined),
    value,
  );
}

/** The elements of a JSON list; none for any other value. */
export function elementsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A JSON value as a secret: text unchanged, numbers and booleans as in JSON. */
export function secretText(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw new WrongOutput("it is a list or an object, not a string");
}

/** The text or, with a field, the member of the JSON in it. */
export function textOrMember(text: string, field: string): string | undefined {
  return field === "" ? text : secretText(memberOf(parseOutput(text), field));
}
