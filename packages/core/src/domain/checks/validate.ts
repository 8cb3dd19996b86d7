import * as v from "valibot";
import { didYouMean, FORBIDDEN_NAMES } from "../workspace/names.ts";
import { error, type Report, warning } from "./problem.ts";

/** The place of a value: its file, the key that contains it, and the code of its problems. */
export interface Place {
  readonly file: string;
  readonly code: string;
  readonly key?: string;
}

/** Checks a value against a schema. Reports every issue with its key, and returns undefined if there are any. */
export function readWritten<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  { file, code, key = "" }: Place,
  report: Report,
): v.InferOutput<S> | undefined {
  const forbidden = forbiddenKeys(value);
  for (const found of forbidden) {
    const name = JSON.stringify(found.at(-1));
    report(error(code, locate(file, keyOf(key, found)), `${name} cannot be used as a name`, "choose another name"));
  }
  const unprintable = controlCharacters(value);
  for (const found of unprintable) {
    const message = `${shown(found.text)} contains a control character, such as an escape code`;
    report(error(code, locate(file, keyOf(key, found.path)), message, "write it as plain text"));
  }
  const result = v.safeParse(schema, value, { message: sentence, abortPipeEarly: true });
  for (const issue of result.issues ?? []) {
    const [message = "", hint] = issue.message.split("\n");
    report(error(code, locate(file, keyOf(key, pathOf(issue))), message, hint ?? usualHint(issue)));
  }
  return result.success && forbidden.length + unprintable.length === 0 ? result.output : undefined;
}

/** The valid parts of a rejected value, to a depth of two keys, so that the same build can check them further. */
export function salvage<S extends v.GenericSchema>(schema: S, value: unknown): v.InferOutput<S> | undefined {
  const faults = v.safeParse(schema, value).issues?.map(pathOf) ?? [];
  const result = v.safeParse(schema, without(value, faults, 2));
  return result.success ? result.output : undefined;
}

/** The same schema, but rejecting a list where it expects an object; valibot accepts both. */
export function onlyObject<S extends v.GenericSchema>(schema: S, hint?: string): S {
  const refusal = v.custom<object>(isRecord, (issue) =>
    withHint(`must be an object, but is ${shown(issue.input)}`, hint),
  );
  return {
    ...schema,
    "~run": (dataset: Parameters<S["~run"]>[0], config: Parameters<S["~run"]>[1]) =>
      isRecord(dataset.value) ? schema["~run"](dataset, config) : refusal["~run"](dataset, config),
  };
}

/** Combines the message of a schema with a hint. */
export function withHint(message: string, hint: string | undefined): string {
  return hint === undefined ? message : `${message}\n${hint}`;
}

/** A string in quotes, with every control character escaped, including those that JSON does not escape. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(/\p{Cc}/gu, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The written value, shortened to fit a sentence. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const text = typeof value === "string" ? quoted(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** Warns about unknown keys, and suggests a similar known key. */
export function warnUnknownKeys(
  value: object,
  known: readonly string[],
  file: string,
  parent: string,
  report: Report,
): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const hint = didYouMean(key, known) ?? `valid keys: ${known.filter((name) => name !== "$schema").join(", ")}`;
    const where = locate(file, parent === "" ? key : `${parent}.${key}`);
    report(warning("unknown_key", where, `unknown key "${key}" is ignored`, hint));
  }
}

/**
 * Warns about keys of plugins that are available but not loaded, with the step that enables them, because they are not
 * typos. `absent` contains such keys by their full names, which begin with `prefix`. Returns the other keys.
 */
export function warnAbsentKeys(
  value: Readonly<Record<string, unknown>>,
  known: readonly string[],
  absent: ReadonlyMap<string, string>,
  { file, prefix }: { readonly file: string; readonly prefix: string },
  report: Report,
): Readonly<Record<string, unknown>> {
  const entries = Object.entries(value).filter(([key]) => {
    const remedy = known.includes(key) ? undefined : absent.get(`${prefix}${key}`);
    if (remedy === undefined) return true;
    const message = `no loaded plugin reads "${key}", so it is ignored`;
    report(warning("unknown_key", locate(file, `${prefix}${key}`), message, remedy));
    return false;
  });
  return Object.fromEntries(entries);
}

/** `file: key`, or the file alone. */
export function locate(file: string, key: string): string {
  return key === "" ? file : `${file}: ${key}`;
}

/** Whether a value is an object with keys, as JSON and TOML have them. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

type Path = readonly (string | number)[];

function pathOf(issue: v.BaseIssue<unknown>): Path {
  return (issue.path ?? []).map(({ key }) => (typeof key === "number" ? key : String(key)));
}

/** The name of a key, from the keys and list indexes that lead to it: `a[1].b`. */
export function keyPath(path: Path): string {
  return keyOf("", path);
}

function keyOf(parent: string, path: Path): string {
  let key = parent;
  for (const item of path) {
    if (typeof item === "number") key += `[${item}]`;
    else key += key === "" ? item : `.${item}`;
  }
  return key;
}

/** The depth to which values are checked; deeper values, such as the configuration of a demand, are kept unchanged. */
const DEPTH = 5;

/** The paths of keys that valibot skips without an error. */
function forbiddenKeys(value: unknown): Path[] {
  const found: Path[] = [];
  const path: (string | number)[] = []; // changed in place: a large fleet has tens of thousands of values
  const look = (part: unknown): void => {
    if (path.length === DEPTH || typeof part !== "object" || part === null) return;
    for (const [key, inside] of Object.entries(part)) {
      path.push(Array.isArray(part) ? Number(key) : key);
      if (!Array.isArray(part) && FORBIDDEN_NAMES.includes(key)) found.push([...path]);
      else look(inside);
      path.pop();
    }
  };
  look(value);
  return found;
}

/** Control characters, except those that are valid in multi-line text; the schemas check those. */
export const CONTROL_CHARACTER = /(?![\t\n\r])\p{Cc}/u;

interface Unprintable {
  readonly path: Path;
  readonly text: string;
}

/** Finds strings and keys with control characters, at any depth. A key is reported at the path of its object. */
function controlCharacters(value: unknown): Unprintable[] {
  const found: Unprintable[] = [];
  const left: { readonly path: Path; readonly value: unknown }[] = [{ path: [], value }];
  for (let next = left.pop(); next; next = left.pop()) {
    const { path, value: part } = next;
    if (typeof part === "string" && CONTROL_CHARACTER.test(part)) found.push({ path, text: part });
    if (typeof part !== "object" || part === null) continue;
    for (const [key, inside] of Object.entries(part)) {
      if (CONTROL_CHARACTER.test(key)) found.push({ path, text: key });
      // paths are only built near the top: deeper values are kept unchanged and may be nested to any depth
      const below = path.length < DEPTH ? [...path, Array.isArray(part) ? Number(key) : key] : path;
      left.push({ path: below, value: inside });
    }
  }
  return found.reverse();
}

function without(value: unknown, faults: readonly Path[], depth: number): unknown {
  if (!isRecord(value)) return value;
  const entries = Object.entries(value).flatMap(([key, part]) => {
    const inside = faults.filter((path) => path[0] === key).map((path) => path.slice(1));
    if (inside.length === 0) return [[key, part]];
    if (depth === 1 || !isRecord(part) || inside.some((path) => path.length === 0)) return [];
    return [[key, without(part, inside, depth - 1)]];
  });
  return Object.fromEntries(entries);
}

const WANTED: Readonly<Record<string, string>> = {
  string: "text in quotes",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  integer: "a whole number",
};

/** The message for an issue for which the schema has no message. */
function sentence(issue: v.BaseIssue<unknown>): string {
  if (issue.input === undefined) return "is missing";
  return `must be ${wanted(issue)}, but is ${shown(issue.input)}`;
}

function wanted({ type, requirement, expected }: v.BaseIssue<unknown>): string {
  if (type === "min_value") return `at least ${requirement}`;
  if (type === "max_value") return `at most ${requirement}`;
  if (type === "picklist")
    return optionsOf(expected)
      .join(", ")
      .replace(/, ([^,]*)$/, " or $1");
  return WANTED[type] ?? "something else";
}

function optionsOf(expected: string | null): string[] {
  return expected?.match(/"[^"]*"/g) ?? [];
}

function usualHint({ type, input, expected, path }: v.BaseIssue<unknown>): string | undefined {
  if (input === null && path) return "set a value, or remove the key";
  if (type === "string" && typeof input !== "object" && input !== undefined) return `write "${String(input)}"`;
  if (typeof input !== "string") return undefined;
  if (type === "array") return `write [${shown(input)}]`;
  if (type === "number" && /^\s*-?\d+(\.\d+)?\s*$/.test(input)) return `write ${input.trim()}, without quotes`;
  if (type === "boolean" && /^(true|false)$/.test(input)) return `write ${input}, without quotes`;
  const options = optionsOf(expected).map((option) => option.slice(1, -1));
  return type === "picklist" ? didYouMean(input, options) : undefined;
}
