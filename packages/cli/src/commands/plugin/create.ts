import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { MaandCommand } from "@maand/command";
import { error } from "@maand/core";
import { coreVersion, createFile, makeDirectories, problemsError } from "@maand/core/internal";
import { Command, Option } from "clipanion";
import { packageFiles, pluginNames } from "./package-files.ts";

/** `maand plugin create`. */
export class PluginCreateCommand extends MaandCommand {
  static override paths = [["plugin", "create"]];
  static override usage = Command.Usage({
    category: "Plugin",
    description: "create a package with a plugin, a test and a README, ready to publish",
    details:
      "Creates the package in a new subdirectory named after the last part of the package name. Needs no bucket. Overwrites nothing.",
    examples: [
      ["A plugin named slack", "maand plugin create maand-plugin-slack"],
      ["In a scope", "maand plugin create @acme/maand-plugin-slack"],
    ],
  });

  packageName = Option.String({ required: true, name: "package" });

  override async work(): Promise<number> {
    const names = pluginNames(this.packageName);
    if (!names)
      throw problemsError([
        error(
          "invalid_name",
          "package",
          `"${this.packageName}" is not a valid name for a plugin package`,
          "use lower-case letters, digits and -, starting with a letter, with an optional @scope/ in front",
        ),
      ]);
    const directory = join(this.from, names.directory);
    if (existsSync(directory))
      throw problemsError([
        error("plugin_exists", names.directory, "already exists; nothing was changed", "choose another name"),
      ]);
    const files = packageFiles(names, coreVersion());
    for (const [path, text] of Object.entries(files)) {
      makeDirectories(dirname(join(directory, path)));
      createFile(join(directory, path), text);
    }
    if (this.json) this.printJson({ package: names.package, directory: names.directory, files: Object.keys(files) });
    else
      this.print(
        [
          `wrote ${Object.keys(files)
            .map((path) => join(names.directory, path))
            .join(", ")}`,
          ...next(relative(this.from, directory)),
        ].join("\n"),
      );
    return 0;
  }
}

function next(directory: string): string[] {
  return [
    "",
    "Next:",
    `  cd ${directory} && npm install && npm test && npm run build`,
    `  then, in a bucket's maand.config.ts: plugins: ["defaults", "../${directory}/src/index.ts"]`,
  ];
}
