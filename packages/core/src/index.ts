/**
 * For `maand.config.ts`, and for plugins: everything in `@maand/core/plugin`, and the types and functions for a
 * configuration.
 */
export { type Config, defineConfig, type PluginEntry } from "./config/config.ts";
export type { SettingsWritten } from "./domain/settings/settings-written.ts";
export * from "./plugin.ts";
export { type PluginList, pluginList } from "./plugin-api/plugin-list.ts";
export type { InlineHooks, InlineTap } from "./plugin-api/tapping/inline-hooks.ts";
