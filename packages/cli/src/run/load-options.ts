import { resolve } from "node:path";
import type { LoadOptions } from "@maand/core";
import { OWN_WORDS } from "../commands/index.ts";
import { defaults, isStock, STOCK_MODULES } from "../defaults.ts";

/** How every command loads a bucket's configuration: the stock plugins, what a configuration may import, words that are taken. */
export function loadOptions(cwd: string, config: string | undefined): LoadOptions {
  return {
    defaults,
    stock: defaults,
    isStock,
    modules: {
      "@maand/core": () => import("@maand/core"),
      "@maand/command": () => import("@maand/command"),
      "@maand/cli": () => import("../index.ts"),
      clipanion: () => import("clipanion"),
      ...STOCK_MODULES,
    },
    taken: { commands: OWN_WORDS, tables: [] },
    ...(config === undefined ? {} : { configFile: resolve(cwd, config) }),
  };
}
