import type { TemplateSet } from "../parse/template-set.ts";
import type { Callable } from "./functions.ts";
import type { Limits } from "./limits.ts";

/** A template that was parsed, and what it is executed with. */
export interface Program {
  readonly name: string;
  readonly source: string;
  readonly set: TemplateSet;
  readonly functions: ReadonlyMap<string, Callable>;
  readonly limits: Limits;
}
