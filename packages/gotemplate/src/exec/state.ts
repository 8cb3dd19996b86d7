import type { Span } from "../parse/nodes.ts";
import type { Callable } from "./functions.ts";
import type { Budget } from "./limits.ts";
import type { Variables } from "./variables.ts";

/** The state of an evaluation. */
export interface State {
  readonly source: string;
  readonly budget: Budget;
  readonly functions: ReadonlyMap<string, Callable>;
  variables: Variables;
  /** The span being evaluated, for error messages. */
  at: Span;
}
