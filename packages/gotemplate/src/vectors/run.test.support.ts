import { parse, TemplateError } from "../index.ts";
import { type Store, vectorFunctions } from "./functions.test.support.ts";

/** One template and its result in Go: `want` (empty when absent), or the kind of error. */
export interface VectorCase {
  readonly group?: string;
  readonly name: string;
  readonly template: string;
  readonly want?: string;
  readonly error?: "parse" | "exec";
}

/** A file of cases; `data` is the dot, and `kv` contains the values that the functions read. */
export interface Vectors {
  readonly data: unknown;
  readonly kv: Store;
  readonly cases: readonly VectorCase[];
}

/** The result of a case: its output, or the kind of error and its message. */
export interface Outcome {
  readonly output?: string;
  readonly error?: "parse" | "exec";
  readonly message?: string;
}

/** Runs one case. Only throws errors that are not a TemplateError, which are defects. */
export function runCase(vectors: Pick<Vectors, "data" | "kv">, { template }: VectorCase): Outcome {
  try {
    return { output: parse(template, { funcs: vectorFunctions(vectors.kv) }).execute(vectors.data) };
  } catch (thrown) {
    if (!(thrown instanceof TemplateError)) throw thrown;
    return { error: thrown.kind, message: thrown.message };
  }
}

/** Whether an outcome equals that of Go. */
export function agrees(expected: VectorCase, outcome: Outcome): boolean {
  return expected.error ? outcome.error === expected.error : outcome.output === (expected.want ?? "");
}
