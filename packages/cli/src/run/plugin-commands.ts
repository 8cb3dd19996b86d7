import { resolve } from "node:path";
import type { Context, ProcessContext } from "@maand/command";
import type { LoadedPlugin } from "@maand/core/internal";
import { isMaandError, type MaandError } from "@maand/core/readonly";
import { Command, type CommandClass } from "clipanion";
import { globalValue } from "./globals.ts";
import { STOCK_PLUGINS } from "./stock-commands.ts";
import { tableCommand } from "./table-command.ts";

/** The commands and tables of the bucket's plugins, or the reason why they are unknown. */
export interface Added {
  readonly commands: readonly CommandClass<Context>[];
  /** The names of the loaded plugins; undefined outside a bucket and if the configuration cannot be loaded. */
  readonly names?: readonly string[];
  /** Why the bucket's configuration cannot be loaded; undefined outside a bucket. */
  readonly failure?: MaandError;
}

/**
 * The command classes of the bucket's plugins. They are loaded only for unknown words, so that maand's own commands never
 * wait for a configuration.
 */
export async function pluginCommands(argv: readonly string[], processContext: ProcessContext): Promise<Added> {
  const core = await import("@maand/core/internal");
  const { loadOptions } = await import("./load-options.ts");
  try {
    const paths = core.findBucket(resolve(processContext.cwd, globalValue(argv, "-C") ?? "."));
    const { plugins } = await core.loadConfig(paths, loadOptions(processContext.cwd, globalValue(argv, "--config")));
    const others = plugins.filter(({ plugin }) => !STOCK_PLUGINS.includes(plugin.name));
    const commands = (await Promise.all(others.map(commandsOf))).flat();
    return { commands, names: plugins.map(({ plugin }) => plugin.name) };
  } catch (cause) {
    if (!isMaandError(cause)) throw cause;
    return cause.code === "NOT_A_BUCKET" ? { commands: [] } : { commands: [], failure: cause };
  }
}

async function commandsOf({ plugin: { commands, tables = {} } }: LoadedPlugin): Promise<CommandClass<Context>[]> {
  const { commandClasses } = await import("@maand/core/internal");
  const added = Object.entries(tables).map(([word, table]) => tableCommand(word, table));
  return [...(await commandClasses(commands)).filter(isCommandClass), ...added];
}

function isCommandClass(value: unknown): value is CommandClass<Context> {
  return typeof value === "function" && value.prototype instanceof Command;
}
