import { resolve } from "node:path";
import { Command, type CommandClass } from "clipanion";
import { globalValue } from "../globals.ts";
import type { World } from "../world.ts";
import type { Context } from "./command.ts";

/**
 * Command classes that the bucket's plugins add. Looked for only when a word is none of ours, so that our own commands
 * never wait for a configuration. A bucket that cannot be opened has none: the word is told to be unknown then.
 */
export async function pluginCommands(argv: readonly string[], world: World): Promise<CommandClass<Context>[]> {
  const core = await import("@maand/core");
  const { defaults } = await import("../defaults.ts");
  try {
    const paths = core.findBucket(resolve(world.cwd, globalValue(argv, "-C") ?? "."));
    const config = globalValue(argv, "--config");
    const { plugins } = await core.loadConfig(paths, {
      defaults,
      modules: {
        "@maand/core": async () => core,
        "@maand/cli": () => import("../index.ts"),
        clipanion: () => import("clipanion"),
      },
      ...(config === undefined ? {} : { configFile: resolve(world.cwd, config) }),
    });
    return plugins.flatMap(({ plugin }) => (plugin.commands ?? []).filter(isCommandClass));
  } catch {
    return [];
  }
}

function isCommandClass(value: unknown): value is CommandClass<Context> {
  return typeof value === "function" && value.prototype instanceof Command;
}
