import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { copyModules } from "../../support/bucket/copied-program.ts";
import type { Scratch } from "../../support/bucket/scratch.ts";
import { scratch } from "../../support/bucket/scratch.ts";

/** An expression that lists the modules of maand and of its command-line parser, as a package imports them. */
const SEEN = `({ Command: clipanion.Command, MaandCommand: command.MaandCommand, definePlugin: core.definePlugin,
  MaandError: plugin.MaandError, defaults: cli.defaults })`;
const NAMES = {
  clipanion: "clipanion",
  command: "@maand/command",
  core: "@maand/core",
  plugin: "@maand/core/plugin",
  cli: "@maand/cli",
};
const IMPORTS = Object.entries(NAMES)
  .map(([local, name]) => `import * as ${local} from "${name}";`)
  .join("\n");
const REQUIRES = Object.entries(NAMES)
  .map(([local, name]) => `const ${local} = require("${name}");`)
  .join("\n");

let bucket: Scratch;

/** Creates a bucket whose node_modules contains copies of maand's packages. The running command uses other copies. */
beforeAll(async () => {
  bucket = await scratch();
  copyModules(bucket.root);
  const modules = join(bucket.root, "node_modules");
  for (const [name, files] of Object.entries({
    "as-module": {
      "package.json": '{ "type": "module", "main": "index.js" }',
      "index.js": `${IMPORTS}\nexport const seen = ${SEEN};`,
    },
    "as-commonjs": { "package.json": '{ "main": "index.cjs" }', "index.cjs": `${REQUIRES}\nexports.seen = ${SEEN};` },
  })) {
    mkdirSync(join(modules, name));
    for (const [file, text] of Object.entries(files)) writeFileSync(join(modules, name, file), text);
  }
  bucket.write("plugins/as-typescript.ts", `${IMPORTS}\nexport const seen: object = ${SEEN};`);
});
afterAll(() => bucket?.dispose());

describe("the bucket's maand.config.ts gets the same modules as", () => {
  it.each(["as-module", "as-commonjs", "./plugins/as-typescript.ts"])("%s", async (name) => {
    bucket.write(
      "maand.config.ts",
      `import { seen } from "${name}";
${IMPORTS}
const own: Record<string, unknown> = ${SEEN};
const others: Record<string, unknown> = seen;
class Compare extends command.MaandCommand {
  static paths = [["compare"]];
  async work() {
    for (const key of Object.keys(own)) this.print(key + ": " + (own[key] !== undefined && own[key] === others[key]));
    return 0;
  }
}
export default { plugins: ["defaults", core.definePlugin({ name: "compare", commands: [Compare], apply() {} })] };
`,
    );
    const { code, stdout, stderr } = await bucket.maand("compare");
    expect([code, stderr]).toEqual([0, ""]);
    const keys = ["Command", "MaandCommand", "definePlugin", "MaandError", "defaults"];
    expect(stdout.trim().split("\n")).toEqual(keys.map((key) => `${key}: true`));
  });
});
