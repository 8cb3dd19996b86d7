import type { SettingsWritten } from "../domain/settings/settings-written.ts";
import type { Preset } from "../plugin-api/life/presets.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import type { InlineHooks } from "../plugin-api/tapping/inline-hooks.ts";

/** Possible configuration files in a bucket's directory; the first one found is used. */
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

/** An entry of a list of plugins. `false` and `undefined` stand for no plugin, so that `&&` works. */
export type PluginEntry = Plugin | Preset | string | readonly [string, unknown] | false | null | undefined;

/** A configuration: plugins, hooks, and settings that override those of `maand.conf`. */
export interface Config {
  /**
   * Plugins in the order they are applied: values, or package names and paths (`./my-plugin.ts`), optionally with options as
   * `["name", { ... }]`, and presets, which are lists of plugins. `"defaults"` stands for all stock plugins, `["defaults", { "remove": [...] }]` for all but some.
   * Default: `["defaults"]`.
   */
  readonly plugins?: readonly PluginEntry[];
  /** Hooks without a plugin: `hooks: { async afterJob({ job, log }) { ... } }`. */
  readonly hooks?: InlineHooks;
  /** The keys of `maand.conf`; they override the file. */
  readonly settings?: SettingsWritten;
}

/** Type-checks a configuration where it is written: `export default defineConfig({ ... })`. */
export function defineConfig(config: Config): Config {
  return config;
}
