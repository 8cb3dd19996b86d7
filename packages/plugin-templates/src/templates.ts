import { definePlugin, type Plugin } from "@maand/core";
import { stockFunctions } from "./functions.ts";
import { press } from "./press.ts";
import { renderTemplates } from "./render.ts";
import { checkTemplates } from "./validate.ts";

/**
 * Renders every `*.tpl` of a job, for each of its allocations, to a file of that name without `.tpl`. Other plugins add
 * functions through the hook `functions`.
 */
export function templates(): Plugin {
  return definePlugin({
    name: "templates",
    apply(hooks) {
      const own = press((current) => hooks.functions.call({}, current));
      hooks.functions.tap("templates", (functions, current) => ({ ...functions, ...stockFunctions(current) }));
      hooks.validate.tap("templates", (context) => checkTemplates(own, context));
      hooks.render.tap("templates", (tree, context) => renderTemplates(own, tree, context));
    },
  });
}
