import type { SettingsWritten } from "../domain/settings/settings-written.ts";
import type { Preset } from "../plugin-api/life/presets.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import type { InlineHooks } from "../plugin-api/tapping/inline-hooks.ts";

/** Possible configuration files in a bucket's directory. The first file that exists and is not empty is used. */
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

/** An entry of a list of plugins. `false`, `null` and `undefined` stand for no plugin, so that `&&` works. */
export type PluginEntry = Plugin | Preset | string | readonly [string, unknown] | false | null | undefined;

/** A configuration: plugins, hooks, and settings that override those of `maand.conf`. */
export interface Config {
  /**
   * Plugins in the order in which they are applied. An entry is a plugin, a preset (a list of plugins), a package name
   * or a path (`./my-plugin.ts`). `["name", { ... }]` is a package name or path with options. `"defaults"` stands for
   * all stock plugins, and `["defaults", { "remove": [...] }]` for all stock plugins except the removed ones. Default:
   * `["defaults"]`.
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
