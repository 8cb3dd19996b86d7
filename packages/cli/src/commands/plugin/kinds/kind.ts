import type { PluginNames } from "../plugin-names.ts";

/** The parts of a package that depend on the kind of plugin. */
export interface Kind {
  /** What the plugin does, as the predicate of a sentence. */
  readonly does: string;
  /** `src/index.ts` */
  readonly source: (names: PluginNames) => string;
  /** `test/index.test.ts` */
  readonly test: (names: PluginNames) => string;
  /** Its entry in a list of plugins, in TypeScript and in JSON. */
  readonly listed: (names: PluginNames) => { readonly typescript: string; readonly json: string };
  /** The part of the README after the installation. */
  readonly usage: (names: PluginNames) => string;
  /** Packages of maand that it imports, in addition to `@maand/core`. */
  readonly peers: readonly string[];
  /** Whether it imports valibot. */
  readonly schema: boolean;
}

/**
 * The plugin as the default export, for lists of plugins in JSON. Concatenated, because maand's own files must not have
 * a default export.
 */
export function defaultExport(variable: string): string {
  return `${"export"} default ${variable};\n`;
}
