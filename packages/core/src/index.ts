/** For `maand.config.ts`, and for plugins: everything of `@maand/core/plugin`, and what a configuration is made of. */
export { type Config, defineConfig, type PluginEntry } from "./config/config.ts";
export type { SettingsWritten } from "./domain/settings/settings-written.ts";
export * from "./plugin.ts";
export { type PluginList, pluginList } from "./plugin-api/plugin-list.ts";
export type { InlineHooks, InlineTap } from "./plugin-api/tapping/inline-hooks.ts";
