import { Fault } from "../fault.ts";
import { intOf } from "../value/numbers.ts";
import type { Param, ParamType } from "./params.ts";

/** A function of the user: any JavaScript function, or one whose parameters were declared with {@link typed}. */
export type TemplateFunction = ((...args: never[]) => unknown) | TypedFunction;

/** Functions by the name a template calls them by. */
export type TemplateFunctions = Readonly<Record<string, TemplateFunction>>;

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

/** A function that says which arguments it takes. Made by {@link typed}. */
export class TypedFunction implements Callable {
  readonly params: readonly ParamType[];
  readonly rest: ParamType | undefined;
  readonly #run: (...args: never[]) => unknown;

  constructor(params: readonly ParamType[], rest: ParamType | undefined, run: (...args: never[]) => unknown) {
    this.params = params;
    this.rest = rest;
    this.#run = run;
  }

  run(args: readonly unknown[]): unknown {
    return resultOf(this.#run, args);
  }
}

interface ParamValues {
  readonly any: unknown;
  readonly string: string;
  readonly int: bigint;
  readonly float: number;
  readonly bool: boolean;
  readonly list: readonly unknown[];
  readonly map: Readonly<Record<string, unknown>> | ReadonlyMap<unknown, unknown>;
}

/** A declared parameter; `...int` stands last and means any number of ints. */
export type ParamName = ParamType | `...${ParamType}`;

/** The arguments for declared parameters. */
export type ArgumentsOf<P extends readonly ParamName[]> = P extends readonly [infer First, ...infer Others]
  ? First extends `...${infer Rest extends ParamType}`
    ? ParamValues[Rest][]
    : First extends ParamType
      ? Others extends readonly ParamName[]
        ? [ParamValues[First], ...ArgumentsOf<Others>]
        : never
      : never
  : [];

/**
 * Declares what a function takes: `typed(["int", "int"], (a, b) => a + b)`. A call with another number or type of
 * arguments is an execution error, as it is in Go, and the function is not run.
 */
export function typed<const P extends readonly ParamName[]>(
  params: P,
  run: (...args: ArgumentsOf<P>) => unknown,
): TypedFunction {
  const last = params.at(-1) ?? "";
  const rest = last.startsWith("...") ? typeOf(last) : undefined;
  const fixed = rest === undefined ? params : params.slice(0, -1);
  return new TypedFunction(fixed.map(typeOf), rest, run);
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

function typeOf(name: string): ParamType {
  const bare = name.replace(/^\.\.\./, "");
  const known = TYPES.find((type) => type === bare);
  if (known === undefined) throw new TypeError(`no parameter type is called ${JSON.stringify(name)}`);
  return known;
}

const TYPES: readonly ParamType[] = ["any", "string", "int", "float", "bool", "list", "map"];

function isFunction(value: unknown): value is (...args: never[]) => unknown {
  return typeof value === "function";
}

/** Runs a function of the user; nothing is nil, and a bigint wraps around at 64 bits. */
function resultOf(run: (...args: never[]) => unknown, args: readonly unknown[]): unknown {
  const result = (run as (...args: readonly unknown[]) => unknown)(...args);
  return typeof result === "bigint" ? intOf(result) : (result ?? null);
}
