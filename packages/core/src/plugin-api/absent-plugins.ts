import type { Plugin } from "./plugin.ts";

/** A plugin that comes with the program and that the configuration leaves out. */
export interface AbsentPlugin {
  readonly plugin: Plugin;
  /** How it is named in a configuration: its package, or its own name. */
  readonly name: string;
}

/** What to do about something that a plugin would have taken care of. */
export function addPlugin(name: string): string {
  return `add ${name} to the plugins of the configuration`;
}

/** Keys that plugins which are not loaded would read, each with what to do about it. */
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
