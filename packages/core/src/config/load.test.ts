import { describe, expect, it } from "vitest";
import { applyPlugins } from "../bucket/apply-plugins.ts";
import { rolloutContext, scopedJobContext } from "../testing/index.ts";
import { aConfig } from "./a-config.test.support.ts";

const SILENT = "apply() {}";
const ts = (body: string) => `import { defaults } from "@maand/cli";
import { defineConfig, definePlugin, pluginWithOptions } from "@maand/core";
${body}`;

describe("a configuration", () => {
  it.for([
    ["maand.config.ts", ts(`export default defineConfig({ settings: { max_concurrent_jobs: 9 as number } });`)],
    ["maand.config.mts", "export default { settings: { max_concurrent_jobs: 9 as number } };"],
    ["maand.config.js", "export default { settings: { max_concurrent_jobs: 9 } };"],
    ["maand.config.mjs", "export default { settings: { max_concurrent_jobs: 9 } };"],
    ["maand.config.cjs", "module.exports = { settings: { max_concurrent_jobs: 9 } };"],
    [".maandrc", '{ "settings": { "max_concurrent_jobs": 9 } }'],
    [".maandrc", "settings:\n  max_concurrent_jobs: 9\n"],
    [".maandrc.json", '{ "settings": { "max_concurrent_jobs": 9 } }'],
    [".maandrc.yaml", "settings:\n  max_concurrent_jobs: 9\n"],
    [".maandrc.yml", "settings:\n  max_concurrent_jobs: 9\n"],
    ["package.json", '{ "maand": { "settings": { "max_concurrent_jobs": 9 } } }'],
  ] as const)("may be in the file %s", async ([file, text], context) => {
    const { settings, plugins } = await aConfig(context, { [file]: text }).load();
    expect(settings.maxConcurrentJobs).toBe(9);
    expect(plugins.map(({ plugin, source }) => [plugin.name, source])).toEqual([
      ["ssh", "stock"],
      ["make", "stock"],
    ]);
  });

  it("is optional", async (context) => {
    expect(await aConfig(context, {}).names()).toEqual(["ssh", "make"]);
    expect(await aConfig(context, { "package.json": '{ "name": "shop" }' }).names()).toEqual(["ssh", "make"]);
  });

  it("overrides maand.conf key by key", async (context) => {
    const config = aConfig(context, {
      "maand.conf": 'ssh_user = "deploy"\nmax_concurrent_jobs = 2\n',
      ".maandrc": '{ "settings": { "max_concurrent_jobs": 9 } }',
    });
    expect((await config.load()).settings).toMatchObject({ plugins: { ssh_user: "deploy" }, maxConcurrentJobs: 9 });
  });

  it("may be at any path, and loads plugins relative to that path", async (context) => {
    const config = aConfig(context, {
      "other/staging.ts": `export default { plugins: ["./mine.ts"] };`,
      "other/mine.ts": `export default { name: "mine", ${SILENT} };`,
    });
    const { plugins } = await config.load({ configFile: `${config.root}/other/staging.ts` });
    expect(plugins.map(({ plugin }) => plugin.name)).toEqual(["mine"]);
  });
});

describe("the plugins of a configuration", () => {
  it("are loaded in the order of the list, and false entries are ignored", async (context) => {
    const text = ts(`const mine = (name: string) => definePlugin({ name, ${SILENT} });
export default defineConfig({ plugins: [mine("first"), ...defaults(), false, undefined, [mine("b"), mine("c")]] });`);
    expect(await aConfig(context, { "maand.config.ts": text }).names()).toEqual(["first", "ssh", "make", "b", "c"]);
  });

  it("can be replaced, removed and inserted by name", async (context) => {
    const text = ts(`const mine = (name: string) => ({ name, ${SILENT} });
export default defineConfig({ plugins: defaults().replace("ssh", mine("telnet")).before("make", mine("ninja")).after("make", mine("tidy")).remove("make") });`);
    expect(await aConfig(context, { "maand.config.ts": text }).names()).toEqual(["telnet", "ninja", "tidy"]);
  });

  it("are listed in JSON as names and paths, with options", async (context) => {
    const config = aConfig(context, {
      ".maandrc":
        '{ "plugins": [["defaults", { "remove": ["make"] }], ["@acme/loud", { "word": "hey" }], "./mine.ts"] }',
      "mine.ts": `export const mine = { name: "mine" as string, ${SILENT} };`,
      "node_modules/@acme/loud/package.json":
        '{ "name": "@acme/loud", "version": "3.2.1", "type": "module", "exports": "./index.js", "peerDependencies": { "@maand/core": "*" } }',
      "node_modules/@acme/loud/index.js": `export default ({ word }) => ({ name: word, ${SILENT} });`,
    });
    expect((await config.load()).plugins.map(({ plugin, source, version }) => [plugin.name, source, version])).toEqual([
      ["ssh", "stock", undefined],
      ["hey", "@acme/loud", "3.2.1"],
      ["mine", "./mine.ts", undefined],
    ]);
  });

  it("may be ESM, CommonJS or TypeScript, and may import the running core", async (context) => {
    const config = aConfig(context, {
      ".maandrc": "plugins: [./a.mjs, ./b.cjs, ./c.ts, acme-d]",
      "a.mjs": `import { definePlugin } from "@maand/core"; export default definePlugin({ name: "a", ${SILENT} });`,
      "b.cjs": `const { definePlugin } = require("@maand/core"); module.exports = definePlugin({ name: "b", ${SILENT} });`,
      "c.ts": `import { definePlugin, type Plugin } from "@maand/core"; const c: Plugin = definePlugin({ name: "c", ${SILENT} }); export default c;`,
      "node_modules/acme-d/package.json": '{ "name": "acme-d", "version": "1.0.0", "type": "module", "main": "d.js" }',
      "node_modules/acme-d/d.js": `import { definePlugin } from "@maand/core"; export function d() { return definePlugin({ name: "d", ${SILENT} }); }`,
    });
    expect(await config.names()).toEqual(["a", "b", "c", "d"]);
    // a plugin that does not require @maand/core still has the version of its package; a file of the bucket has none
    expect((await config.load()).plugins.map(({ version }) => version)).toEqual([
      undefined,
      undefined,
      undefined,
      "1.0.0",
    ]);
  });
});

describe("the hooks of a configuration", () => {
  const config = (hooks: string) => ({
    "maand.config.ts": ts(`export default defineConfig({ hooks: { ${hooks} } });`),
  });

  it("run before the taps of plugins, which run only if the hook returns undefined", async (context) => {
    const files = config(
      `async rollout({ action, log }) { log("mine"); return action.kind === "reload" ? "done" : undefined; }`,
    );
    const { plugins } = await aConfig(context, files).load();
    const hooks = await applyPlugins([
      {
        name: "make",
        apply: ({ rollout }) =>
          rollout.tapPromise("make", async ({ log }) => {
            log("make");
            return "done";
          }),
      },
      ...plugins.filter(({ plugin }) => plugin.name === "config").map(({ plugin }) => plugin),
    ]);
    const output = async (kind: "reload" | "start") => {
      const given = rolloutContext({ action: { kind } });
      await hooks.rollout.promise(given);
      return given.output.map(({ line }) => line);
    };
    expect([await output("reload"), await output("start")]).toEqual([["mine"], ["mine", "make"]]);
  });

  it("run after all other taps, or before the tap they name", async (context) => {
    const files = config(`afterJob({ log }) { log("mine") }, beforeJob: { before: "b", tap({ log }) { log("mine") } }`);
    const { plugins } = await aConfig(context, files).load();
    const subject = (name: string) => ({
      name,
      apply({ beforeJob, afterJob }: Awaited<ReturnType<typeof applyPlugins>>) {
        beforeJob.tapPromise(name, async ({ log }) => log(name));
        afterJob.tapPromise(name, async ({ log }) => log(name));
      },
    });
    const inline = plugins.filter(({ plugin }) => plugin.name === "config").map(({ plugin }) => plugin);
    const hooks = await applyPlugins([subject("a"), subject("b"), ...inline]);
    const [first, last] = [scopedJobContext(), scopedJobContext()];
    await hooks.beforeJob.promise(first);
    await hooks.afterJob.promise(last);
    expect(first.output.map(({ line }) => line)).toEqual(["a", "mine", "b"]);
    expect(last.output.map(({ line }) => line)).toEqual(["a", "b", "mine"]);
  });

  it("are named as the source of their errors", async (context) => {
    const { plugins } = await aConfig(context, config(`afterJob() { throw new Error("no") }`)).load();
    const hooks = await applyPlugins(plugins.map(({ plugin }) => plugin));
    await expect(hooks.afterJob.promise(scopedJobContext())).rejects.toMatchObject({
      code: "HOOK_FAILED",
      message: "config failed in afterJob: no",
    });
  });
});
