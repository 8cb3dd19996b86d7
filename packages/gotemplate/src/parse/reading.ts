import type { Scope } from "./scope.ts";
import type { TokenStream } from "./stream.ts";

/** What reading a pipeline needs to know. */
export interface Reading {
  readonly tokens: TokenStream;
  readonly scope: Scope;
  /** Whether a name is a function's. */
  isFunction(name: string): boolean;
  /** Parentheses around the place. */
  depth: number;
}
