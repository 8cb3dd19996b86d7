import { resolve } from "node:path";
import type { Context, ProcessContext } from "@maand/command";
import type { LoadedPlugin } from "@maand/core/internal";
import { isMaandError, type MaandError } from "@maand/core/readonly";
import { Command, type CommandClass } from "clipanion";
import { firstWord, globalValue } from "./globals.ts";
import { STOCK_PLUGINS, typedPaths } from "./stock-commands.ts";
import { tableCommand } from "./table-command.ts";

/** The commands and tables of the bucket's plugins, or the reason why they are unknown. */
export interface Added {
  /** The commands that the command line may need. */
  readonly commands: readonly CommandClass<Context>[];
  /** The paths of all commands, including those that were not loaded. */
  readonly paths: readonly string[];
  /** Whether the command line names one of them, so that no other command is needed. */
  readonly isTyped: boolean;
  /** The names of the loaded plugins; undefined outside a bucket and if the configuration cannot be loaded. */
  readonly names?: readonly string[];
  /** Why the bucket's configuration, or one of its commands, cannot be loaded; undefined outside a bucket. */
  readonly failure?: MaandError;
}

const NONE = { commands: [], paths: [], isTyped: false };

/**
 * Loads the commands of the bucket's plugins. Call this only for command lines that need them, because it loads the
 * configuration. Loads the classes of the commands that the command line may need, or with `all`, as for help, the
 * classes of all commands. With `all`, a class that cannot be loaded is reported in `failure`; otherwise, its error is
 * thrown.
 */
export async function pluginCommands(
  argv: readonly string[],
  processContext: ProcessContext,
  all: boolean,
): Promise<Added> {
  const core = await import("@maand/core/internal");
  const { loadCommands } = await import("./load-commands.ts");
  const { loadOptions } = await import("./load-options.ts");
  let root: string;
  let plugins: readonly LoadedPlugin[];
  try {
    const paths = core.findBucket(resolve(processContext.cwd, globalValue(argv, "-C") ?? "."));
    root = paths.root;
    ({ plugins } = await core.loadConfig(paths, loadOptions(processContext.cwd, globalValue(argv, "--config"))));
  } catch (cause) {
    if (!isMaandError(cause)) throw cause;
    return cause.code === "NOT_A_BUCKET" ? NONE : { ...NONE, failure: cause };
  }
  const others = plugins.filter(({ plugin }) => !STOCK_PLUGINS.includes(plugin.name));
  const paths = others.flatMap(({ plugin }) => [
    ...core.commandPaths(plugin.commands),
    ...Object.keys(plugin.tables ?? {}).map((word) => `cat ${word}`),
  ]);
  const typed = new Set(typedPaths(argv, paths));
  const loaded = await Promise.all(
    others.map(async (one): Promise<Pick<Added, "commands" | "failure">> => {
      const tables = Object.entries(one.plugin.tables ?? {}).map(([word, table]) => tableCommand(word, table));
      try {
        const classes = await loadCommands(one, { isWanted: (path) => all || typed.has(path), directory: root });
        return { commands: [...classes.filter(isCommandClass), ...tables] };
      } catch (cause) {
        if (!all || !isMaandError(cause)) throw cause;
        return { commands: tables, failure: cause };
      }
    }),
  );
  const failure = loaded.map((one) => one.failure).find((one) => one !== undefined);
  return {
    commands: loaded.flatMap(({ commands }) => commands),
    paths,
    isTyped: typed.size > 0 && firstWord(argv) !== "cat",
    names: plugins.map(({ plugin }) => plugin.name),
    ...(failure && { failure }),
  };
}

function isCommandClass(value: unknown): value is CommandClass<Context> {
  return typeof value === "function" && value.prototype instanceof Command;
}
