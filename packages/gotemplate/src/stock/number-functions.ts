import { type TemplateFunctions, typed } from "../value/function.ts";
import { RefusedValue } from "./refused-value.ts";
import { trimSpace } from "./text-functions.ts";

/** Functions over whole numbers of 64 bits; they are exact, and wrap around as in Go. */
export const numberFunctions: TemplateFunctions = {
  add: typed(["int", "int"], (a, b) => a + b),
  sub: typed(["int", "int"], (a, b) => a - b),
  mul: typed(["int", "int"], (a, b) => a * b),
  div: typed(["int", "int"], divide),
  min: typed(["int", "int"], (a, b) => (a < b ? a : b)),
  max: typed(["int", "int"], (a, b) => (a > b ? a : b)),
  int: typed(["any"], toInt),
};

/** Towards zero. */
function divide(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new RangeError("division by zero");
  return a / b;
}

const LARGEST = 2n ** 63n - 1n;

/** An int, or a string that contains an int; nothing is rounded. */
function toInt(value: unknown): bigint {
  if (typeof value === "bigint" || (typeof value === "number" && Number.isInteger(value))) return BigInt(value);
  if (typeof value !== "string")
    throw noInt(String(value), "it accepts a whole number, or a string with a whole number");
  const text = trimSpace(value);
  if (!/^[+-]?\d+$/.test(text)) throw noInt(JSON.stringify(value), hintFor(text));
  const number = BigInt(text.replace("+", ""));
  if (number > LARGEST || number < -LARGEST - 1n) throw noInt(text, "it has more than 64 bits");
  return number;
}

function hintFor(text: string): string {
  if (text === "") return "the key exists and is empty; set it to a number";
  if (/^[+-]?\d*\.\d+$/.test(text))
    return "nothing is rounded here: use a whole number where it is set (workers.json, manifest.json, bucket.jobs.conf)";
  return "it accepts a whole number, or a string with a whole number";
}

function noInt(shown: string, remedy: string): RefusedValue {
  return new RefusedValue(`${shown} is not a whole number`, remedy);
}
