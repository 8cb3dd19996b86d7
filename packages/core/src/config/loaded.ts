import type { Problem } from "../domain/checks/problem.ts";
import type { Settings } from "../domain/settings/settings.ts";
import type { AbsentPlugin } from "../plugin-api/absent-plugins.ts";
import type { Plugin } from "../plugin-api/plugin.ts";
import type { OldName } from "../plugin-api/tapping/renamed-hooks.ts";
import type { Modules } from "./import-module.ts";

/** A plugin and its origin. */
export interface LoadedPlugin {
  readonly plugin: Plugin;
  /** `stock`, or the file or package it was loaded from. */
  readonly source: string;
  /** Whether the plugin consists of the hooks in the configuration itself. */
  readonly inline?: boolean;
  /** The version of the plugin, or of its package. */
  readonly version?: string;
  /** Versions of @maand/core that its package requires. */
  readonly core?: string;
}

/** The resolved configuration of a bucket. */
export interface Loaded {
  readonly settings: Settings;
  readonly plugins: readonly LoadedPlugin[];
  /** Stock plugins that the configuration removes. */
  readonly absent: readonly AbsentPlugin[];
  /** Hooks of the configuration under old names. */
  readonly oldNames: readonly OldName[];
  /** Warnings; errors were thrown. */
  readonly warnings: readonly Problem[];
}

/** Names that plugins cannot use. */
export interface Taken {
  /** First words of commands. */
  readonly commands: readonly string[];
  /** Names after `maand cat`. */
  readonly tables: readonly string[];
}

/**
 * The values that the caller passes in: plugins, modules that a configuration may import, and the configuration file
 * from the command line.
 */
export interface LoadOptions {
  /** The plugins that `"defaults"` stands for. */
  readonly defaults: () => readonly Plugin[];
  /**
   * All plugins that ship with the program. Their declarations explain what is missing if one is not loaded. Default:
   * `defaults`.
   */
  readonly stock?: () => readonly Plugin[];
  readonly modules: Modules;
  readonly configFile?: string;
  /** Whether a plugin is one of `defaults`; default: whether its name is in `defaults`. */
  readonly isStock?: (plugin: Plugin) => boolean;
  /** Command and table names that a plugin cannot claim. Default: none. */
  readonly taken?: Taken;
}
