import { Command, EXIT, MaandCommand } from "@maand/command";
import { findBucket } from "@maand/core/readonly";
import { upgradeLines, upgradeRecord } from "../../upgrade/upgrade-lines.ts";

/** `maand upgrade_check`. */
export class UpgradeCheckCommand extends MaandCommand {
  static override paths = [["upgrade_check"], ["upgrade-check"]];
  static override usage = Command.Usage({
    category: "Inspect",
    description: "show what this version of maand would change in the bucket",
    details:
      "Run this first with a new version of maand, because the first command that opens the bucket migrates its store, and older versions cannot open it after that. Shows the versions of the store, the migrations, whether there is a backup, and the plugins with the versions of maand that they support. Changes nothing. Exits with 1 if this version cannot use the bucket.",
    examples: [
      ["Before the first command of a new version", "maand upgrade_check"],
      ["For a script", "maand upgrade_check --json"],
    ],
  });

  override async work(): Promise<number> {
    const { readUpgrade } = await import("../../upgrade/upgrade.ts");
    const paths = findBucket(this.from);
    const upgrade = await readUpgrade(paths, await this.context.program.loadOptions(this.config));
    if (this.json) this.printJson(upgradeRecord(upgrade));
    else for (const line of upgradeLines(upgrade, this.style("stdout"))) this.print(line);
    return upgrade.problems.length > 0 ? EXIT.failed : EXIT.ok;
  }
}
