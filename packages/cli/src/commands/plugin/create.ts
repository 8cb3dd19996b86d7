import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { MaandCommand } from "@maand/command";
import { coreVersion, createFile, error, makeDirectories, problemsError } from "@maand/core";
import { Command, Option } from "clipanion";
import { packageFiles, pluginNames } from "./package-files.ts";

/** `maand plugin create`. */
export class PluginCreateCommand extends MaandCommand {
  static override paths = [["plugin", "create"]];
  static override usage = Command.Usage({
    category: "Plugin",
    description: "write a package with a plugin, its test and its README, ready to publish",
    details:
      "The package is written into a new directory below this one, called like the last part of its name. It needs no bucket. Nothing that is there is overwritten.",
    examples: [
      ["A plugin called slack", "maand plugin create maand-plugin-slack"],
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
          `"${this.packageName}" is not a name for a plugin's package`,
          "use lower-case letters, digits and -, beginning with a letter, perhaps behind @scope/",
        ),
      ]);
    const directory = join(this.from, names.directory);
    if (existsSync(directory))
      throw problemsError([
        error("plugin_exists", names.directory, "is already there, and is left as it is", "choose another name"),
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
