import { Refusal } from "./refusal.ts";
import type { Call } from "./session.ts";

/** The maximum length of a namespace, key or name. */
const MAX_NAME = 512;
/** The maximum timeout, in seconds. */
const MAX_SECONDS = 86_400;

/** A required string without control characters. */
export function nameIn({ fields }: Pick<Call, "fields">, field: string): string {
  const value = textIn({ fields }, field);
  if (value.trim() === "") throw new Refusal(400, `${field} contains only blanks`);
  if (value.length > MAX_NAME) throw new Refusal(400, `${field} is longer than ${MAX_NAME} characters`);
  if (hasControl(value)) throw new Refusal(400, `${field} contains a control character`);
  return value;
}

/** A required string. */
export function textIn({ fields }: Pick<Call, "fields">, field: string): string {
  const value = fields[field];
  if (typeof value === "string" && value !== "") return value;
  throw new Refusal(400, value === undefined || value === "" ? `${field} is missing` : `${field} must be text`);
}

/** An optional string. */
export function optionalName(call: Pick<Call, "fields">, field: string): string | undefined {
  const value = call.fields[field];
  return value === undefined || value === null || value === "" ? undefined : nameIn(call, field);
}

/** An optional number; in a query it is text. */
export function optionalNumber({ fields }: Pick<Call, "fields">, field: string): number | undefined {
  const value = fields[field];
  if (value === undefined || value === null) return undefined;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number === "number" && Number.isFinite(number)) return number;
  throw new Refusal(400, `${field} must be a number`);
}

/** `timeout_seconds` in milliseconds; undefined if it is missing, zero or less. */
export function timeoutIn(call: Pick<Call, "fields">): number | undefined {
  const seconds = optionalNumber(call, "timeout_seconds");
  return seconds === undefined || seconds <= 0 ? undefined : Math.min(seconds, MAX_SECONDS) * 1000;
}

function hasControl(text: string): boolean {
  return [...text].some((character) => character < " " || character === "\u007f");
}
