import type { PluginNames } from "../plugin-names.ts";

/** What is different about the package of one kind of plugin. */
export interface Kind {
  /** What the plugin does, as the end of a sentence. */
  readonly does: string;
  /** `src/index.ts` */
  readonly source: (names: PluginNames) => string;
  /** `test/index.test.ts` */
  readonly test: (names: PluginNames) => string;
  /** How it is written in a list of plugins, in TypeScript and in JSON. */
  readonly listed: (names: PluginNames) => { readonly typescript: string; readonly json: string };
  /** The part of the README behind the installation. */
  readonly usage: (names: PluginNames) => string;
  /** Packages of maand beside `@maand/core` that it imports. */
  readonly peers: readonly string[];
  /** Whether it imports valibot. */
  readonly schema: boolean;
}

/** The plugin as the default export, for lists of plugins in JSON. Put together, because maand's own files have no default export. */
export function defaultExport(variable: string): string {
  return `${"export"} default ${variable};\n`;
}
