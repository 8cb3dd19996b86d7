import type { PluginNames } from "../plugin-names.ts";
import { defaultExport, type Kind } from "./kind.ts";

const classOf = ({ variable }: PluginNames) => `${variable.charAt(0).toUpperCase()}${variable.slice(1)}Command`;

/** Adds a command. */
export const COMMAND: Kind = {
  does: "adds a command that lists each job and its number of workers",
  peers: ["@maand/command"],
  schema: false,
  listed: ({ package: name, variable }) => ({ typescript: variable, json: `"${name}"` }),
  source: (names) => `import { Command, MaandCommand } from "@maand/command";
import { definePlugin } from "@maand/core";

/** \`maand ${names.plugin}\` */
export class ${classOf(names)} extends MaandCommand {
  static override paths = [["${names.plugin}"]];
  static override usage = Command.Usage({
    category: "Plugins",
    description: "list each job and its number of workers",
  });

  override async work(): Promise<number> {
    const rows = await this.withBucket(async ({ jobs, allocations }) =>
      jobs.map(({ name }) => ({ job: name, workers: allocations.filter(({ job, removed }) => job === name && !removed).length })),
    );
    if (this.json) this.printJson(rows);
    else for (const { job, workers } of rows) this.print(\`\${job}: \${workers}\`);
    return 0;
  }
}

/** Adds the command \`maand ${names.plugin}\`. */
export const ${names.variable} = definePlugin({ name: "${names.plugin}", commands: [${classOf(names)}], apply() {} });

${defaultExport(names.variable)}`,
  test: (names) => `import { runCommand } from "@maand/command/testing";
import { aBucket } from "@maand/core/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ${classOf(names)} } from "../src/index.ts";

const bucket = aBucket();
const typed = (...argv: string[]) =>
  runCommand(${classOf(names)}, argv, { cwd: bucket.root, plugins: [bucket.fleet.plugin] });

beforeAll(async () => {
  bucket.workers("10.0.0.1", "10.0.0.2");
  bucket.job("api", { selectors: ["worker"] });
  await bucket.build();
});

afterAll(() => bucket.dispose());

describe("maand ${names.plugin}", () => {
  it("lists the jobs", async () => {
    expect(await typed("${names.plugin}")).toEqual({ code: 0, stdout: "api: 2\\n", stderr: "" });
  });

  it("prints JSON with --json", async () => {
    const { stdout } = await typed("${names.plugin}", "--json");
    expect(JSON.parse(stdout)).toEqual([{ job: "api", workers: 2 }]);
  });
});
`,
  usage: ({ plugin }) => `Then \`maand ${plugin}\` lists the jobs, and \`maand ${plugin} --json\` prints them as JSON.
`,
};
