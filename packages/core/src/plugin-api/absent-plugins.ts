import type { Plugin } from "./plugin.ts";

/** A plugin that is included in the program but removed by the configuration. */
export interface AbsentPlugin {
  readonly plugin: Plugin;
  /** Its name in a configuration: its package, or its own name. */
  readonly name: string;
}

/** The hint to add a plugin. */
export function addPlugin(name: string): string {
  return `add ${name} to the plugins of the configuration`;
}

/** Keys of plugins that are not loaded, each with a hint. */
export function absentKeys(
  absent: readonly AbsentPlugin[],
  keysOf: (plugin: Plugin) => object | undefined,
): ReadonlyMap<string, string> {
  return new Map(
    absent.flatMap(({ plugin, name }) =>
      Object.keys(keysOf(plugin) ?? {}).map((key): [string, string] => [key, addPlugin(name)]),
    ),
  );
}
