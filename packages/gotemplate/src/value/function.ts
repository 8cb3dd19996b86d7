import { intOf } from "./numbers.ts";

/** A user's function: any JavaScript function, or one whose parameters were declared with {@link typed}. */
export type TemplateFunction = ((...args: never[]) => unknown) | TypedFunction;

/** Functions by their names in templates. */
export type TemplateFunctions = Readonly<Record<string, TemplateFunction>>;

/**
 * The type of a declared parameter. An `int` is passed as a bigint, a `float` as a number, `any` unchanged (null for
 * nil and for a missing value; an int is a number if that is exact, otherwise a bigint).
 */
export type ParamType = "any" | "string" | "int" | "float" | "bool" | "list" | "map";

/** A function that declares its arguments. Created by {@link typed}. */
export class TypedFunction {
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

/** A declared parameter; `...int` comes last and means any number of ints. */
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
 * Declares the parameters of a function: `typed(["int", "int"], (a, b) => a + b)`. A call with another number or type
 * of arguments is an execution error, as in Go, and the function is not run.
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

/** Runs a user's function: no result becomes nil, and a bigint wraps around at 64 bits. */
export function resultOf(run: (...args: never[]) => unknown, args: readonly unknown[]): unknown {
  const result = (run as (...args: readonly unknown[]) => unknown)(...args);
  return typeof result === "bigint" ? intOf(result) : (result ?? null);
}

function typeOf(name: string): ParamType {
  const bare = name.replace(/^\.\.\./, "");
  const known = TYPES.find((type) => type === bare);
  if (known === undefined) throw new TypeError(`there is no parameter type ${JSON.stringify(name)}`);
  return known;
}

const TYPES: readonly ParamType[] = ["any", "string", "int", "float", "bool", "list", "map"];
