import type { LoadedPlugin } from "@maand/core";
import { applyPlugins } from "@maand/core";
import { Command } from "clipanion";
import { table } from "../output/table.ts";
import { version } from "../run.ts";
import { MaandCommand } from "./command.ts";

/** `maand plugins` (cli.md). */
export class PluginsCommand extends MaandCommand {
  static override paths = [["plugins"]];
  static override usage = Command.Usage({
    category: "Look",
    description: "what is loaded, from where, and which hooks each plugin taps",
  });

  override async work(): Promise<number> {
    return this.withMaand(async ({ loaded }) => {
      const rows = await Promise.all(loaded.plugins.map(describe));
      if (this.json) this.sayJson(rows);
      else
        this.say(
          table(
            ["plugin", "version", "source", "hooks"],
            rows.map(({ name, version, source, hooks }) => [name, version ?? "-", source, hooks.join(" ")]),
          ),
        );
      return 0;
    });
  }
}

async function describe({ plugin, source }: LoadedPlugin) {
  const hooks = await applyPlugins([plugin]);
  const tapped = Object.entries(hooks).filter(([, hook]) => hook.isUsed() && hook.taps.length > 0);
  return {
    name: plugin.name,
    version: plugin.version ?? (source === "stock" ? version() : null),
    source,
    hooks: tapped.map(([name]) => name),
  };
}
