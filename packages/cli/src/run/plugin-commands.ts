import { resolve } from "node:path";
import type { LoadedPlugin, MaandError } from "@maand/core";
import { Command, type CommandClass } from "clipanion";
import type { Context } from "./command.ts";
import type { ProcessContext } from "./context.ts";
import { globalValue } from "./globals.ts";
import { tableCommand } from "./table-command.ts";

/** The commands and tables of the bucket's plugins, or the reason why they are unknown. */
export interface Added {
  readonly commands: readonly CommandClass<Context>[];
  /** Why the configuration of the bucket cannot be loaded; undefined outside of a bucket. */
  readonly failure?: MaandError;
}

/**
 * The command classes of the bucket's plugins. They are loaded only for unknown words, so that maand's own commands never
 * wait for a configuration.
 */
export async function pluginCommands(argv: readonly string[], processContext: ProcessContext): Promise<Added> {
  const core = await import("@maand/core");
  const { loadOptions } = await import("./load-options.ts");
  try {
    const paths = core.findBucket(resolve(processContext.cwd, globalValue(argv, "-C") ?? "."));
    const { plugins } = await core.loadConfig(paths, loadOptions(processContext.cwd, globalValue(argv, "--config")));
    return { commands: plugins.flatMap(commandsOf) };
  } catch (cause) {
    if (!core.isMaandError(cause)) throw cause;
    return cause.code === "NOT_A_BUCKET" ? { commands: [] } : { commands: [], failure: cause };
  }
}

function commandsOf({ plugin }: LoadedPlugin): CommandClass<Context>[] {
  const tables = Object.entries(plugin.tables ?? {}).map(([word, table]) => tableCommand(word, table));
  return [...(plugin.commands ?? []).filter(isCommandClass), ...tables];
}

function isCommandClass(value: unknown): value is CommandClass<Context> {
  return typeof value === "function" && value.prototype instanceof Command;
}
