import { definePlugin, type Plugin } from "@maand/core";
import type { Press } from "./press.ts";
import { isTemplate } from "./sources.ts";

type Room = typeof import("./room.ts");

/**
 * Renders every `*.tpl` of a job, for each of its allocations, to a file of that name without `.tpl`. Other plugins add
 * functions through the hook `functions`.
 */
export function templates(): Plugin {
  let loaded: { readonly room: Room; readonly own: Press } | undefined;
  return definePlugin({
    name: "templates",
    provides: { renders: [".tpl"], replaceableFunctions: true },
    apply(hooks) {
      const load = async () => {
        const room = await import("./room.ts");
        loaded ??= { room, own: room.press((current) => hooks.functions.call({}, current)) };
        return loaded;
      };
      hooks.functions.tap("templates", (functions, current) => ({
        ...functions,
        ...loaded?.room.stockFunctions(current),
      }));
      hooks.validate.tapPromise("templates", async (context) => {
        if (!context.jobs.some(({ files }) => files.some(isTemplate))) return;
        const { room, own } = await load();
        room.checkTemplates(own, context);
      });
      hooks.render.tapPromise("templates", async (tree, context) => {
        if (!context.sources.some(isTemplate)) return tree;
        const { room, own } = await load();
        return room.renderTemplates(own, tree, context);
      });
    },
  });
}
