import type { Callable } from "../exec/functions.ts";
import type { Param } from "../exec/params.ts";
import { Fault } from "../fault.ts";
import { print, printLine } from "../format/print.ts";
import { printf } from "../format/printf.ts";
import { areEqual, isLess } from "../value/compare.ts";
import { isTrue } from "../value/truth.ts";
import { call } from "./call.ts";
import { index } from "./element.ts";
import { escapeHtml, escapeJs, escapeQuery } from "./escape.ts";
import { length } from "./length.ts";
import { slice } from "./slice.ts";

/** Go's built-in functions by name; they create no text longer than `limit` characters. */
export function builtins(limit: number): Map<string, Callable> {
  return new Map([
    ["and", { ...taking(["value"], "value", nothing), stopsAt: false }],
    ["or", { ...taking(["value"], "value", nothing), stopsAt: true }],
    ["not", taking(["value"], undefined, ([value]) => !isTrue(value))],
    ["eq", taking(["value"], "value", equalsAny)],
    ["ne", taking(["value", "value"], undefined, ([a, b]) => !areEqual(a, b))],
    ["lt", taking(["value", "value"], undefined, ([a, b]) => isLess(a, b))],
    ["le", taking(["value", "value"], undefined, ([a, b]) => isLess(a, b) || areEqual(a, b))],
    ["gt", taking(["value", "value"], undefined, ([a, b]) => !isLess(a, b) && !areEqual(a, b))],
    ["ge", taking(["value", "value"], undefined, ([a, b]) => !isLess(a, b))],
    ["len", taking(["value"], undefined, ([value]) => length(value))],
    ["index", taking(["value"], "value", ([item, ...path]) => index(item, path))],
    ["slice", taking(["value"], "value", ([item, ...bounds]) => slice(item, bounds))],
    ["call", taking(["value"], "value", ([callee, ...args], written) => call(callee, args, written))],
    ["print", taking([], "value", (args) => print(args, limit))],
    ["println", taking([], "value", (args) => printLine(args, limit))],
    ["printf", taking(["string"], "value", ([format, ...args]) => printf(String(format), args, limit))],
    ["html", taking([], "value", (args) => escapeHtml(textOf(args, limit)))],
    ["js", taking([], "value", (args) => escapeJs(textOf(args, limit)))],
    ["urlquery", taking([], "value", (args) => escapeQuery(textOf(args, limit)))],
  ]);
}

function taking(params: readonly Param[], rest: Param | undefined, run: Callable["run"]): Callable {
  return { params, rest, run };
}

/** A placeholder: the evaluator runs `and` and `or` itself, because it does not always evaluate all their arguments. */
function nothing(): undefined {
  return undefined;
}

function equalsAny([first, ...others]: readonly unknown[]): boolean {
  if (others.length === 0) throw new Fault("missing argument for comparison");
  return others.some((other) => areEqual(first, other));
}

/**
 * The text that an escaping function escapes: its arguments as formatted by `print`, but a missing value as shown by an
 * action.
 */
function textOf(args: readonly unknown[], limit: number): string {
  return print(
    args.map((arg) => arg ?? "<no value>"),
    limit,
  );
}
