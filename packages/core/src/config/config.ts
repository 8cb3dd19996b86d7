import type { SettingsWritten } from "../domain/settings/settings-written.ts";
import type { InlineHooks } from "../plugin-api/inline-hooks.ts";
import type { Plugin } from "../plugin-api/plugin.ts";

/** Places a configuration may be in a bucket's directory, the first one found wins. */
export const CONFIG_PLACES: readonly string[] = [
  "maand.config.ts",
  "maand.config.mts",
  "maand.config.js",
  "maand.config.mjs",
  "maand.config.cjs",
  ".maandrc",
  ".maandrc.json",
  ".maandrc.yaml",
  ".maandrc.yml",
  "package.json",
];

/** Keys of a configuration. */
export const CONFIG_KEYS: readonly string[] = ["plugins", "hooks", "settings"];

/** What may stand in a list of plugins; nothing (`false`, `undefined`) stands for no plugin, so that `&&` can be written. */
export type PluginEntry = Plugin | readonly Plugin[] | string | readonly [string, unknown] | false | null | undefined;

/** A configuration: which plugins, hooks of its own, and settings over those of `maand.conf`. */
export interface Config {
  /**
   * Plugins in the order they are applied: values, or package names and paths (`./my-plugin.ts`), perhaps with options
   * as `["name", { ... }]`. The word `"defaults"` stands for all stock plugins, `["defaults", { "remove": [...] }]` for
   * some of them. Default: `["defaults"]`.
   */
  readonly plugins?: readonly PluginEntry[];
  /** One thing changed without a plugin: `hooks: { async after({ job, log }) { ... } }`. */
  readonly hooks?: InlineHooks;
  /** The keys of `maand.conf`; these win over the file. */
  readonly settings?: SettingsWritten;
}

/** Keeps a configuration's type where it is written: `export default defineConfig({ ... })`. */
export function defineConfig(config: Config): Config {
  return config;
}
