import { type TemplateFunctions, typed } from "../index.ts";

/** Namespaces of keys and values. */
export type Store = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The functions that the vectors use, with the data of `store`. */
export function vectorFunctions(store: Store): TemplateFunctions {
  return { ...storeFunctions(store), ...textFunctions, ...numberFunctions };
}

function storeFunctions(store: Store): TemplateFunctions {
  return {
    get: typed(["string", "string"], (namespace, key) => read(store, namespace, key)),
    getOptional: typed(["string", "string"], (namespace, key) => namespaceOf(store, namespace)[key] ?? ""),
    getSecret: typed(["string"], (key) => read(store, "secrets/job/api", key)),
    keys: typed(["string"], (namespace) => Object.keys(namespaceOf(store, namespace)).sort()),
  };
}

const textFunctions: TemplateFunctions = {
  split: typed(["string", "string"], (text, separator) => (separator === "" ? [...text] : text.split(separator))),
  join: typed(["list", "string"], (list, separator) => list.join(separator)),
  trim: typed(["string"], (text) => text.trim()),
  upper: typed(["string"], (text) => text.toUpperCase()),
  lower: typed(["string"], (text) => text.toLowerCase()),
};

const numberFunctions: TemplateFunctions = {
  add: typed(["int", "int"], (a, b) => a + b),
  sub: typed(["int", "int"], (a, b) => a - b),
  mul: typed(["int", "int"], (a, b) => a * b),
  div: typed(["int", "int"], divide),
  min: typed(["int", "int"], (a, b) => (a < b ? a : b)),
  max: typed(["int", "int"], (a, b) => (a > b ? a : b)),
  int: typed(["any"], wholeNumber),
};

function namespaceOf(store: Store, namespace: string): Readonly<Record<string, string>> {
  const found = Object.hasOwn(store, namespace) ? store[namespace] : undefined;
  if (!found) throw new Error("namespace not available");
  return found;
}

function read(store: Store, namespace: string, key: string): string {
  const value = namespaceOf(store, namespace)[key];
  if (value === undefined) throw new Error("key not found");
  return value;
}

function divide(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new Error("integer divide by zero");
  return a / b;
}

function wholeNumber(value: unknown): bigint {
  const text = typeof value === "string" ? value.trim() : String(value);
  if (typeof value === "object" || !/^[+-]?[0-9]+$/.test(text)) throw new Error(`${JSON.stringify(text)} is no number`);
  const number = BigInt(text.replace(/^\+/, ""));
  if (BigInt.asIntN(64, number) !== number) throw new Error(`${text} is out of range`);
  return number;
}
