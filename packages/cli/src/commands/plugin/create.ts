import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { Command, MaandCommand, Option } from "@maand/command";
import { didYouMean, error, MaandError } from "@maand/core";
import { coreVersion, createFile, makeDirectories, problemsError } from "@maand/core/internal";
import { isKind, KINDS, packageFiles } from "./package-files.ts";
import { pluginNames } from "./plugin-names.ts";

/** `maand plugin create`. */
export class PluginCreateCommand extends MaandCommand {
  static override paths = [["plugin", "create"]];
  static override usage = Command.Usage({
    category: "Plugin",
    description: "create a package with a plugin, a test and a README, ready to publish",
    details:
      "Creates the package in a new subdirectory named after the last part of the package name. Requires no bucket. Overwrites nothing. Kinds: hook listens to a hook, lifecycle starts and stops jobs, transport reaches workers, command adds a command.",
    examples: [
      ["A plugin named slack", "maand plugin create maand-plugin-slack"],
      ["In a scope", "maand plugin create @acme/maand-plugin-slack"],
      ["A transport", "maand plugin create maand-plugin-kube --kind transport"],
    ],
  });

  packageName = Option.String({ required: true, name: "package" });
  kind = Option.String("--kind", "hook", { description: `One of ${Object.keys(KINDS).join(", ")}; default "hook".` });

  override async work(): Promise<number> {
    const { kind } = this;
    if (!isKind(kind))
      throw new MaandError({
        code: "USAGE",
        message: `there is no kind of plugin "${kind}"`,
        hint: didYouMean(kind, Object.keys(KINDS)) ?? `use one of ${Object.keys(KINDS).join(", ")}`,
      });
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
    const files = packageFiles(names, coreVersion(), kind);
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
