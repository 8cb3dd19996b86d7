import type { Scope } from "./scope.ts";
import type { TokenStream } from "./stream.ts";

/** The context for reading a pipeline. */
export interface Reading {
  readonly tokens: TokenStream;
  readonly scope: Scope;
  /** Whether a name is the name of a function. */
  isFunction(name: string): boolean;
  /** The number of enclosing parentheses. */
  depth: number;
}
