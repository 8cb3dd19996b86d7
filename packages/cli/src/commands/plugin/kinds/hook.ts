import { defaultExport, type Kind } from "./kind.ts";

/** Listens to a hook: prints a line for each job. */
export const HOOK: Kind = {
  does: "prints a line for every deployed job",
  peers: [],
  schema: true,
  listed: ({ package: name, variable }) => ({
    typescript: `${variable}({ word: "shipped" })`,
    json: `["${name}", { "word": "shipped" }]`,
  }),
  source: ({ plugin, variable }) => `import { pluginWithOptions } from "@maand/core";
import * as v from "valibot";

/** The options with their defaults. */
const Options = v.object({
  /** The word before each line. */
  word: v.optional(v.string(), "deployed"),
});

/** Prints a line for every deployed job. */
export const ${variable} = pluginWithOptions({
  name: "${plugin}",
  options: Options,
  apply({ afterJob }, { word }) {
    afterJob.tapPromise("${plugin}", async ({ job, allocations, log }) => {
      log(\`\${word} \${job.name} \${job.version} on \${allocations.map(({ host }) => host).join(", ")}\`);
    });
  },
});

${defaultExport(variable)}`,
  test: ({ plugin, variable }) => `import { aBucket, callHook, scopedJobContext } from "@maand/core/testing";
import { describe, expect, it } from "vitest";
import { ${variable} } from "../src/index.ts";

describe("${plugin}", () => {
  it("prints a line for a job", async () => {
    const context = scopedJobContext();
    await callHook(${variable}({ word: "shipped" }), "afterJob", context);
    expect(context.output).toEqual([{ line: "shipped api 1.0.0 on 10.0.0.1" }]);
  });

  it("prints the lines of a whole deploy, with in-memory workers", async () => {
    const bucket = aBucket({ plugins: [${variable}()] });
    bucket.workers("10.0.0.1", "10.0.0.2");
    bucket.job("api", { version: "1.2.0", selectors: ["worker"] });
    const { outcome } = await bucket.ship().finally(bucket.dispose);
    expect(outcome).toBe("ok");
    const lines = bucket.events.flatMap((event) => (event.type === "output" ? [event.line] : []));
    expect(lines).toEqual(["deployed api 1.2.0 on 10.0.0.1, 10.0.0.2"]);
  });

  it("refuses unknown options", () => {
    const wrong = () => Reflect.apply(${variable}, undefined, [{ wrod: "shipped" }]);
    expect(wrong).toThrow('plugin "${plugin}" refuses its options');
  });
});
`,
  usage: () => `| Option | Meaning | Default |
| --- | --- | --- |
| \`word\` | the word before each line | \`deployed\` |
`,
};
