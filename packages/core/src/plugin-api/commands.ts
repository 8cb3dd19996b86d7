import type { Plugin } from "./plugin.ts";

/** The paths of all commands of a plugin, as typed. */
export function commandPaths(commands: Plugin["commands"]): string[] {
  if (commands === undefined) return [];
  return isList(commands) ? [...new Set(commands.flatMap(pathsOf))] : Object.keys(commands);
}

function isList(commands: NonNullable<Plugin["commands"]>): commands is readonly unknown[] {
  return Array.isArray(commands);
}

/** The paths of a clipanion command class, as typed. */
export function pathsOf(command: unknown): string[] {
  const paths: unknown = typeof command === "function" ? Reflect.get(command, "paths") : undefined;
  return Array.isArray(paths) ? paths.map((path) => (Array.isArray(path) ? path.join(" ") : "")) : [];
}

/** The classes of all commands of a plugin; lazy ones are loaded. */
export async function commandClasses(commands: Plugin["commands"] = []): Promise<readonly unknown[]> {
  return isList(commands) ? commands : Promise.all(Object.values(commands).map((load) => load()));
}
