import { Refused } from "./refused.ts";

/** The longest text in a query. */
const LONGEST = 2_000;

/** A text; the default if it is absent. */
export function textOf(query: URLSearchParams, name: string): string | undefined {
  const value = query.get(name) ?? undefined;
  if (value === undefined || value.length <= LONGEST) return value === "" ? undefined : value;
  throw wrong(`${name} is longer than ${LONGEST} characters`);
}

/** A comma-separated list; empty if it is absent. */
export function listOf(query: URLSearchParams, name: string): string[] {
  return (textOf(query, name) ?? "").split(",").filter((word) => word !== "");
}

/** A whole number within bounds; undefined if it is absent. */
export function numberOf(query: URLSearchParams, name: string, min: number, max: number): number | undefined {
  const text = textOf(query, name);
  if (text === undefined) return undefined;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  throw wrong(`${name} must be a whole number from ${min} to ${max}`);
}

/** One of several words; the first word if it is absent. */
export function wordOf<T extends string>(query: URLSearchParams, name: string, words: readonly [T, ...T[]]): T {
  const text = textOf(query, name) ?? words[0];
  const word = words.find((one) => one === text);
  if (word !== undefined) return word;
  throw wrong(`${name} must be one of: ${words.join(", ")}`);
}

/** A refusal of an invalid value. */
export function wrong(message: string): Refused {
  return new Refused(400, "USAGE", message, null);
}

/** A refusal of an unknown name. */
export function unknown(what: string, name: string): Refused {
  return new Refused(404, "NOT_FOUND", `there is no ${what} ${JSON.stringify(name.slice(0, 200))}`, null);
}
