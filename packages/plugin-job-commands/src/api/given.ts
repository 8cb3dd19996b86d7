import { Refusal } from "./refusal.ts";
import type { Call } from "./session.ts";

/** The maximum length of a namespace, key or name. */
const LONGEST_NAME = 512;
/** The maximum time limit, in seconds. */
const LONGEST_SECONDS = 86_400;

/** A required string without control characters. */
export function nameIn({ given }: Pick<Call, "given">, field: string): string {
  const value = textIn({ given }, field);
  if (value.trim() === "") throw new Refusal(400, `${field} contains only blanks`);
  if (value.length > LONGEST_NAME) throw new Refusal(400, `${field} is longer than ${LONGEST_NAME} characters`);
  if (hasControl(value)) throw new Refusal(400, `${field} contains a control character`);
  return value;
}

/** A required string. */
export function textIn({ given }: Pick<Call, "given">, field: string): string {
  const value = given[field];
  if (typeof value === "string" && value !== "") return value;
  throw new Refusal(400, value === undefined || value === "" ? `${field} is missing` : `${field} must be text`);
}

/** An optional string. */
export function optionalName(call: Pick<Call, "given">, field: string): string | undefined {
  const value = call.given[field];
  return value === undefined || value === null || value === "" ? undefined : nameIn(call, field);
}

/** An optional number; in a query it is text. */
export function optionalNumber({ given }: Pick<Call, "given">, field: string): number | undefined {
  const value = given[field];
  if (value === undefined || value === null) return undefined;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  throw new Refusal(400, `${field} must be a number`);
}

/** `timeout_seconds` in milliseconds; undefined if it is missing, zero or less. */
export function timeoutIn(call: Pick<Call, "given">): number | undefined {
  const seconds = optionalNumber(call, "timeout_seconds");
  return seconds === undefined || seconds <= 0 ? undefined : Math.min(seconds, LONGEST_SECONDS) * 1000;
}

function hasControl(text: string): boolean {
  return [...text].some((character) => character < " " || character === "\u007f");
}
