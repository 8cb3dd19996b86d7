import { didYouMean, isMaandError, MaandError } from "@maand/core";
import {
  commandPaths,
  errorText,
  importFault,
  isLazy,
  type LoadedPlugin,
  missingHint,
  pathsOf,
  placeText,
} from "@maand/core/internal";

/** Selects the commands to load, among the commands whose class is loaded only when they are typed. */
export interface CommandChoice {
  /** Whether a command is needed, by its path as declared. */
  isWanted(path: string): boolean;
  /** The bucket's directory: an error in one of its files is reported with its line. */
  readonly directory: string;
}

/**
 * The command classes of a plugin. Classes in a list are already loaded; classes by path are loaded if they are needed.
 * Throws PLUGIN_INVALID, naming the plugin and its file, if a class cannot be loaded or has paths other than the
 * declared ones.
 */
export async function loadCommands(loaded: LoadedPlugin, choice: CommandChoice): Promise<readonly unknown[]> {
  const { commands = [] } = loaded.plugin;
  if (!isLazy(commands)) return commands;
  const wanted = Object.entries(commands).filter(([path]) => choice.isWanted(path));
  return Promise.all(wanted.map(([path, load]) => loadCommand(loaded, { path, load, directory: choice.directory })));
}

interface Declared {
  readonly path: string;
  readonly directory: string;
  load(): Promise<unknown>;
}

async function loadCommand(loaded: LoadedPlugin, { path, load, directory }: Declared): Promise<unknown> {
  let command: unknown;
  try {
    command = await load();
  } catch (cause) {
    if (isMaandError(cause)) throw cause;
    const place = await importFault(cause, directory);
    throw new MaandError({
      code: "PLUGIN_INVALID",
      message: `${named(loaded)} cannot load its command "${path}"${place ? ` (${placeText(place)})` : ""}: ${errorText(cause)}`,
      hint: missingHint(cause) ?? "fix the plugin, or remove it from the configuration",
      cause,
    });
  }
  checkPaths(loaded, path, pathsOf(command));
  return command;
}

function checkPaths(loaded: LoadedPlugin, path: string, found: readonly string[]): void {
  const refuse = (what: string, hint: string) => {
    throw new MaandError({ code: "PLUGIN_INVALID", message: `${named(loaded)} declares ${what}`, hint });
  };
  const write = `write static paths = [[${path
    .split(" ")
    .map((word) => `"${word}"`)
    .join(", ")}]]`;
  if (found.length === 0) refuse(`the command "${path}", but what it loads is not a clipanion class with paths`, write);
  const has = (paths: readonly string[], one: string) => paths.some((other) => spelled(other) === spelled(one));
  if (!has(found, path))
    refuse(
      `the command "${path}", but the class that it loads has the path "${found.join('", "')}"`,
      didYouMean(path, found) ?? write,
    );
  const declared = commandPaths(loaded.plugin.commands);
  const isFound = (one: string) => declared.some((known) => `${spelled(one)} `.startsWith(`${spelled(known)} `));
  const other = found.find((one) => !isFound(one));
  if (other !== undefined)
    refuse(
      `the command "${path}", but its class has the path "${other}" too, which would not be found`,
      `declare "${other}" as well, with the same function`,
    );
}

/** `-` and `_` are equivalent in a typed command. */
function spelled(path: string): string {
  return path.replaceAll("-", "_");
}

function named({ plugin, source }: LoadedPlugin): string {
  return `plugin "${plugin.name}" (${source})`;
}
