import { resolve } from "node:path";
import type { LoadOptions } from "@maand/core/internal";
import { OWN_WORDS } from "../commands/index.ts";
import { defaults, isStock, STOCK_MODULES } from "../defaults.ts";

/**
 * The options with which every command loads the configuration of a bucket: the stock plugins, the modules that a
 * configuration can import, and the reserved words.
 */
export function loadOptions(cwd: string, config: string | undefined): LoadOptions {
  return {
    defaults,
    stock: defaults,
    isStock,
    modules: {
      "@maand/core": () => import("@maand/core"),
      "@maand/core/plugin": () => import("@maand/core/plugin"),
      "@maand/core/embed": () => import("@maand/core/embed"),
      "@maand/command": () => import("@maand/command"),
      "@maand/cli": () => import("../index.ts"),
      clipanion: () => import("clipanion"),
      ...STOCK_MODULES,
    },
    taken: { commands: OWN_WORDS, tables: [] },
    ...(config === undefined ? {} : { configFile: resolve(cwd, config) }),
  };
}
