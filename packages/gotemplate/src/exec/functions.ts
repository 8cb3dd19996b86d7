import { Fault } from "../fault.ts";
import { resultOf, TypedFunction } from "../value/function.ts";
import type { Param } from "./params.ts";

/** A function that a template can call: its parameters, and the code to run with valid arguments. */
export interface Callable {
  readonly params: readonly Param[];
  /** The type of all further arguments; undefined if no further arguments are allowed. */
  readonly rest: Param | undefined;
  /** For `and` and `or`, whose arguments are evaluated one by one: the truth value that ends the evaluation. */
  readonly stopsAt?: boolean;
  /** `written` is the source text of the first argument, for error messages. */
  run(args: readonly unknown[], written: string): unknown;
}

/**
 * How to call a value; undefined if it is not a function. A plain JavaScript function takes values of any type, at
 * least as many as its `length`.
 */
export function callableOf(value: unknown): Callable | undefined {
  if (value instanceof TypedFunction) return value;
  if (!isFunction(value)) return undefined;
  const params = Array.from({ length: value.length }, (): Param => "any");
  return { params, rest: "any", run: (args) => resultOf(value, args) };
}

/** Throws a Fault unless a function takes this many arguments; `given` of them are explicit. */
export function checkCount(name: string, callable: Callable, count: number, given = count): void {
  const wanted = callable.params.length;
  if (callable.rest !== undefined && count < wanted) {
    throw new Fault(`wrong number of args for ${name}: want at least ${wanted} got ${given}`);
  }
  if (callable.rest === undefined && count !== wanted) {
    throw new Fault(`wrong number of args for ${name}: want ${wanted} got ${count}`);
  }
}

function isFunction(value: unknown): value is (...args: never[]) => unknown {
  return typeof value === "function";
}
