import * as v from "valibot";
import { didYouMean } from "./names.ts";
import { error, type Report, warning } from "./problem.ts";

/** Checks a value somebody wrote against a schema; reports every issue with its key and answers undefined then. */
export function readWritten<S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  place: { readonly file: string; readonly code: string },
  report: Report,
): v.InferOutput<S> | undefined {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  for (const issue of result.issues) {
    report(error(place.code, locate(place.file, keyOf(issue)), sentence(issue), hintOf(issue)));
  }
  return undefined;
}

/** Warns of keys an object has and nobody knows, with the nearest known one (decision 21). */
export function warnUnknownKeys(
  value: object,
  known: readonly string[],
  file: string,
  parent: string,
  report: Report,
): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const hint = didYouMean(key, known) ?? `known here: ${known.filter((name) => name !== "$schema").join(", ")}`;
    report(
      warning(
        "unknown_key",
        locate(file, parent === "" ? key : `${parent}.${key}`),
        `unknown key "${key}" is ignored`,
        hint,
      ),
    );
  }
}

/** `file: key`, or the file alone. */
export function locate(file: string, key: string): string {
  return key === "" ? file : `${file}: ${key}`;
}

function keyOf(issue: v.BaseIssue<unknown>): string {
  let key = "";
  for (const item of issue.path ?? []) {
    if (typeof item.key === "number") key += `[${item.key}]`;
    else key += key === "" ? String(item.key) : `.${String(item.key)}`;
  }
  return key;
}

function sentence(issue: v.BaseIssue<unknown>): string {
  if (issue.kind !== "schema") return issue.message;
  return `must be ${issue.expected ?? "something else"}, and is ${issue.received}`;
}

function hintOf(issue: v.BaseIssue<unknown>): string | undefined {
  const hint = issue.requirement;
  return typeof hint === "string" ? hint : undefined;
}
