import { builtins } from "./builtins/builtins.ts";
import { parseError } from "./error.ts";
import { execute } from "./exec/execute.ts";
import { type Callable, callableOf } from "./exec/functions.ts";
import { DEFAULT_LIMITS, type Limits } from "./exec/limits.ts";
import { parseTemplates } from "./parse/parse.ts";
import type { TemplateFunctions } from "./value/function.ts";

/** The options of {@link parse}. */
export interface ParseOptions {
  /** The name of the template in errors, with which `{{template}}` can call it. Default `template`. */
  readonly name?: string;
  /**
   * Functions that the template may call in addition to Go's built-ins; a function with the name of a built-in hides
   * it.
   */
  readonly funcs?: TemplateFunctions;
  /** Limits other than {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<Limits>;
}

/** A parsed template; it can be executed any number of times. */
export interface Template {
  readonly name: string;
  /** The rendered text for some data, which is the dot. Throws a TemplateError of kind `exec`. */
  execute(data?: unknown): string;
}

/** Reads a Go text/template. Throws a TemplateError of kind `parse`, including for an undefined function. */
export function parse(text: string, options: ParseOptions = {}): Template {
  const { name = "template" } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const functions = functionsOf(options.funcs ?? {}, limits);
  try {
    const set = parseTemplates(text, name, (word) => functions.has(word));
    return { name, execute: (data) => execute({ name, source: text, set, functions, limits }, data) };
  } catch (thrown) {
    throw parseError(name, text, thrown);
  }
}

function functionsOf(funcs: TemplateFunctions, limits: Limits): ReadonlyMap<string, Callable> {
  const functions = builtins(limits.output);
  for (const [name, value] of Object.entries(funcs)) {
    const callable = callableOf(value);
    if (!callable) throw new TypeError(`funcs.${name} is not a function`);
    functions.set(name, callable);
  }
  return functions;
}
