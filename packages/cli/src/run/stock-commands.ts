import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Context, ProcessContext } from "@maand/command";
import { CONFIG_PLACES, findBucket } from "@maand/core/readonly";
import { COMMANDS } from "@maand/plugin-operations/commands";
import type { CommandClass } from "clipanion";
import { globalsFirst, globalValue } from "./globals.ts";

type Commands = Readonly<Record<string, () => Promise<CommandClass<Context>>>>;

/** The stock plugin whose commands are known without loading a bucket's configuration, so that they start fast. */
export const STOCK_PLUGIN = "operations";

/** Its commands by path. */
export const STOCK_COMMANDS: Commands = COMMANDS;

/** The stock command a line types, by its path; of a family alone, such as `maand cat`, the first one. */
export function stockPath(argv: readonly string[]): string | undefined {
  const [first, second] = words(argv);
  const typed = [`${first} ${second}`, `${first}`].find((path) => path in STOCK_COMMANDS);
  if (typed !== undefined || second !== undefined) return typed;
  return Object.keys(STOCK_COMMANDS).find((path) => path.startsWith(`${first} `) && first !== "job");
}

/** The classes of a first word that a line may need: those of its second word too, if that names one. */
export function stockCommands(
  word: string,
  argv: readonly string[],
  stock: Commands,
): Promise<readonly CommandClass<Context>[]> {
  const all = Object.entries(stock).filter(([path]) => path.split(" ")[0] === word);
  const [, second] = words(argv);
  const some = all.filter(([path]) => path.split(" ")[1] === second);
  return Promise.all((some.length > 0 ? some : all).map(([, load]) => load()));
}

/**
 * Whether the configuration of the bucket may leave the stock plugin out, so that it has to be loaded before one of the
 * plugin's commands runs. Loading it takes as long as such a command, so its text is looked at first: one that says nothing of
 * plugins has all stock ones, and so has one with the defaults that does not name this plugin.
 */
export function mayBeLeftOut(argv: readonly string[], { cwd }: Pick<ProcessContext, "cwd">): boolean {
  const text = configurationText(argv, cwd);
  if (!/\bplugins\b/.test(text)) return false;
  return new RegExp(`\\b${STOCK_PLUGIN}\\b`).test(text) || !/\bdefaults\b/.test(text);
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
    return ""; // no bucket, or one that cannot be read: the command says so
  }
}

/** The words of a line, with the underscores of the paths. */
function words(argv: readonly string[]): string[] {
  return globalsFirst(argv).rest.map((word) => word.replaceAll("-", "_"));
}
