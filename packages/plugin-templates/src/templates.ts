import { definePlugin, type Job, type Plugin } from "@maand/core";
import { isTemplate } from "./template-files.ts";
import type { TemplateRenderer } from "./template-renderer.ts";

type TemplateModules = typeof import("./lazy.ts");

/**
 * Renders every `*.tpl` of a job, for each of its allocations, to a file of that name without `.tpl`. Other plugins add
 * functions through the hook `templateFunctions`.
 */
export function templates(): Plugin {
  let loaded: { readonly lazy: TemplateModules; readonly own: TemplateRenderer } | undefined;
  return definePlugin({
    name: "templates",
    provides: { renders: [".tpl"], replaceableFunctions: true },
    apply(hooks) {
      const load = async () => {
        const lazy = await import("./lazy.ts");
        loaded ??= { lazy, own: lazy.templateRenderer((current) => hooks.templateFunctions.call({}, current)) };
        return loaded;
      };
      hooks.templateFunctions.tap("templates", (functions, current) => ({
        ...functions,
        ...loaded?.lazy.stockFunctions(current),
      }));
      hooks.validate.tapPromise("templates", async (context) => {
        if (!context.jobs.some(({ files }) => files.some(isTemplate))) return;
        const { lazy, own } = await load();
        lazy.checkTemplates(own, context);
      });
      const sameForAll = ({ files }: Job) => !files.some(isTemplate);
      hooks.render.tapPromise({ name: "templates", sameForAll }, async (tree, context) => {
        if (!context.sources.some(isTemplate)) return tree;
        const { lazy, own } = await load();
        return lazy.renderTemplates(own, tree, context);
      });
    },
  });
}
