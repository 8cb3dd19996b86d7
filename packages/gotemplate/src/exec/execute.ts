import { execError } from "../error.ts";
import type { Statement } from "../parse/nodes.ts";
import { joinSurrogates, wellFormed } from "../text/utf8.ts";
import type { Program } from "./program.ts";
import { Walk } from "./walk.ts";

/** Executes the program's own template with `data` as the dot. Throws a TemplateError. */
export function execute(program: Program, data: unknown): string {
  const walk = new Walk(program);
  try {
    const list: readonly Statement[] = program.set.get(program.name) ?? [];
    return wellFormed(joinSurrogates(walk.run(list, data)));
  } catch (thrown) {
    const { source, name } = program;
    throw execError({ name, source, template: walk.template, span: walk.at }, thrown);
  }
}
