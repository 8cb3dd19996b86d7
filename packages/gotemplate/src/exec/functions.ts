import { Fault } from "../fault.ts";
import { resultOf, TypedFunction } from "../value/function.ts";
import type { Param } from "./params.ts";

/** What executing a call needs: the parameters, and what to run once the arguments fit them. */
export interface Callable {
  readonly params: readonly Param[];
  /** Type of any number of further arguments; undefined when there may be none. */
  readonly rest: Param | undefined;
  /** Arguments are evaluated one by one until one decides (`and`, `or`): the truth that decides. */
  readonly stopsAt?: boolean;
  /** `written` is how the first argument stands in the template, for errors about it. */
  run(args: readonly unknown[], written: string): unknown;
}

/** How to call a value; undefined when it is no function. A plain function takes anything, at least its own length. */
export function callableOf(value: unknown): Callable | undefined {
  if (value instanceof TypedFunction) return value;
  if (!isFunction(value)) return undefined;
  const params = Array.from({ length: value.length }, (): Param => "any");
  return { params, rest: "any", run: (args) => resultOf(value, args) };
}

/** Throws a Fault unless a function takes this many arguments; `given` of them are written out. */
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
