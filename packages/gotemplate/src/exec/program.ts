import type { TemplateSet } from "../parse/template-set.ts";
import type { Callable } from "./functions.ts";
import type { Limits } from "./limits.ts";

/** A parsed template, and the functions and limits of its execution. */
export interface Program {
  readonly name: string;
  readonly source: string;
  readonly set: TemplateSet;
  readonly functions: ReadonlyMap<string, Callable>;
  readonly limits: Limits;
}
