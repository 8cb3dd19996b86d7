import { resolve } from "node:path";
import type { LoadOptions } from "@maand/core";
import { FIRST_WORDS, TABLE_WORDS } from "../commands/index.ts";
import { defaults, isStock, STOCK_MODULES } from "../defaults.ts";

/** How every command loads a bucket's configuration: the stock plugins, what a configuration may import, words that are taken. */
export function loadOptions(cwd: string, config: string | undefined): LoadOptions {
  return {
    defaults,
    stock: defaults,
    isStock,
    modules: {
      "@maand/core": () => import("@maand/core"),
      "@maand/cli": () => import("../index.ts"),
      clipanion: () => import("clipanion"),
      ...STOCK_MODULES,
    },
    taken: { commands: [...FIRST_WORDS, "help"], tables: TABLE_WORDS },
    ...(config === undefined ? {} : { configFile: resolve(cwd, config) }),
  };
}
