import { execError } from "../error.ts";
import type { Statement } from "../parse/nodes.ts";
import type { TemplateSet } from "../parse/template-set.ts";
import { mend, wellFormed } from "../text/utf8.ts";
import type { Callable } from "./functions.ts";
import type { Limits } from "./limits.ts";
import { Walk } from "./walk.ts";

/** A template that was parsed, and what it is executed with. */
export interface Program {
  readonly name: string;
  readonly source: string;
  readonly set: TemplateSet;
  readonly functions: ReadonlyMap<string, Callable>;
  readonly limits: Limits;
}

/** Executes the program's own template with `data` as the dot. Throws a TemplateError. */
export function execute(program: Program, data: unknown): string {
  const walk = new Walk(program);
  try {
    const list: readonly Statement[] = program.set.get(program.name) ?? [];
    return wellFormed(mend(walk.run(list, data)));
  } catch (thrown) {
    const { source, name } = program;
    throw execError({ name, source, template: walk.template, span: walk.at }, thrown);
  }
}
