import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Context, ProcessContext } from "@maand/command";
import { CONFIG_PLACES, findBucket } from "@maand/core/readonly";
import { COMMANDS as IMPORT } from "@maand/plugin-import/commands";
import { COMMANDS as MAINTENANCE } from "@maand/plugin-maintenance/commands";
import { COMMANDS as OPERATIONS } from "@maand/plugin-operations/commands";
import { COMMANDS as PROMETHEUS } from "@maand/plugin-prometheus/commands";
import { COMMANDS as UI } from "@maand/plugin-ui/commands";
import type { CommandClass } from "clipanion";
import { globalsFirst, globalValue } from "./globals.ts";

type Commands = Readonly<Record<string, () => Promise<CommandClass<Context>>>>;

/**
 * The stock plugins whose commands are known without the configuration of a bucket, so that these commands start fast.
 */
const BY_PLUGIN: Readonly<Record<string, Commands>> = {
  operations: OPERATIONS,
  maintenance: MAINTENANCE,
  prometheus: PROMETHEUS,
  import: IMPORT,
  ui: UI,
};

/** The names of these plugins. */
export const STOCK_PLUGINS: readonly string[] = Object.keys(BY_PLUGIN);

/** The commands of these plugins, by path. */
export const STOCK_COMMANDS: Commands = commandsOf(STOCK_PLUGINS);

/** The stock commands of these plugins, by path. */
export function commandsOf(plugins: readonly string[]): Commands {
  return Object.assign({}, ...plugins.map((name) => BY_PLUGIN[name]));
}

/** The plugin that a stock command belongs to. */
export function ownerOf(path: string): string {
  return STOCK_PLUGINS.find((name) => path in (BY_PLUGIN[name] ?? {})) ?? "";
}

/** Groups with commands of the program and of plugins. */
const MIXED: ReadonlySet<string> = new Set(["job", "rollout", "secret"]);

/**
 * The path of the stock command on a command line; for a command group alone, such as `maand cat`, its first command.
 */
export function stockPath(argv: readonly string[]): string | undefined {
  const [first, second] = words(argv);
  const typed = [`${first} ${second}`, `${first}`].find((path) => path in STOCK_COMMANDS);
  if (typed !== undefined || second !== undefined) return typed;
  return Object.keys(STOCK_COMMANDS).find((path) => path.startsWith(`${first} `) && !MIXED.has(first ?? ""));
}

/**
 * The command classes that a first word may need. If the second word names a command, returns only the classes of that
 * command.
 */
export function stockCommands(
  word: string,
  argv: readonly string[],
  stock: Commands,
): Promise<readonly CommandClass<Context>[]> {
  const all = Object.entries(stock).filter(([path]) => path.split(" ")[0] === word);
  const [, second] = words(argv);
  const some = second === undefined ? [] : all.filter(([path]) => path.split(" ")[1] === second);
  return Promise.all((some.length > 0 ? some : all).map(([, load]) => load()));
}

/**
 * The commands of plugins that a command line may need: the commands of its first word, or of its first two words if a
 * command has both.
 */
export function typedPaths(argv: readonly string[], paths: readonly string[]): string[] {
  const [first, second] = words(argv);
  const has = (path: string, at: number, word: string | undefined) =>
    path.split(" ")[at]?.replaceAll("-", "_") === word;
  const all = paths.filter((path) => has(path, 0, first));
  const some = all.filter((path) => has(path, 1, second));
  return some.length > 0 ? some : all;
}

/**
 * Whether the configuration of the bucket may exclude the plugin of a stock command. If so, the configuration must be
 * loaded before the command runs. Loading the configuration takes as long as running such a command, so this function
 * only searches its text: a configuration without the word `plugins` has all stock plugins, as does a configuration
 * with the defaults that does not mention this plugin.
 */
export function mayBeLeftOut(path: string, argv: readonly string[], { cwd }: Pick<ProcessContext, "cwd">): boolean {
  const text = configurationText(argv, cwd);
  if (!PLUGINS.test(text)) return false;
  return new RegExp(`\\b${ownerOf(path)}\\b`).test(text) || !/\bdefaults\b/.test(text);
}

const PLUGINS = /\bplugins\b/;

/** Whether the configuration of the bucket names plugins, which may have commands. Does not load the configuration. */
export function namesPlugins(argv: readonly string[], { cwd }: Pick<ProcessContext, "cwd">): boolean {
  return PLUGINS.test(configurationText(argv, cwd));
}

function configurationText(argv: readonly string[], cwd: string): string {
  const named = globalValue(argv, "--config");
  try {
    const { root } = findBucket(resolve(cwd, globalValue(argv, "-C") ?? "."));
    const files = named === undefined ? CONFIG_PLACES.map((place) => join(root, place)) : [resolve(cwd, named)];
    const file = files.find((path) => existsSync(path));
    const text = file === undefined ? "" : readFileSync(file, "utf8");
    return file?.endsWith("package.json") && !/"maand"\s*:/.test(text) ? "" : text;
  } catch {
    return ""; // no bucket, or an unreadable one: the command reports it
  }
}

/** The words of a command line, with underscores as in the paths. */
function words(argv: readonly string[]): string[] {
  return globalsFirst(argv).rest.map((word) => word.replaceAll("-", "_"));
}
