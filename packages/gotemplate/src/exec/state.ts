import type { Span } from "../parse/nodes.ts";
import type { Callable } from "./functions.ts";
import type { Budget } from "./limits.ts";
import type { Variables } from "./variables.ts";

/** What evaluation reads and changes. */
export interface State {
  readonly source: string;
  readonly budget: Budget;
  readonly functions: ReadonlyMap<string, Callable>;
  variables: Variables;
  /** What is being evaluated, for the message if it fails. */
  at: Span;
}
