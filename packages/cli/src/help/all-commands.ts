import type { Context } from "@maand/command";
import { Command, Option } from "@maand/command";
import { GLOBAL_FLAGS } from "../run/globals.ts";

/**
 * `maand help --all`: lists all commands by category, one per line. `maand --help` prints the overview without this
 * command.
 */
export class HelpCommand extends Command<Context> {
  static override paths = [["help"], ["-h"], ["--help"]];

  all = Option.Boolean("--all", false);

  override async execute(): Promise<number> {
    const definitions = this.cli.definitions();
    const width = Math.max(...definitions.map(({ path }) => path.length));
    const categories = [...new Set(definitions.map(({ category }) => (category ?? "").trim()))];
    const lines = ["maand deploys and runs services on Linux machines over ssh.", ""];
    for (const category of categories) {
      lines.push(`${category}:`);
      for (const { path, description, category: own } of definitions) {
        if ((own ?? "").trim() === category)
          lines.push(`  ${path.padEnd(width)}  ${(description ?? "").trim().replace(/\.$/, "")}`);
      }
      lines.push("");
    }
    lines.push(GLOBAL_FLAGS, "", "maand help <command> describes one command.");
    this.context.stdout.write(`${lines.join("\n")}\n`);
    return 0;
  }
}
