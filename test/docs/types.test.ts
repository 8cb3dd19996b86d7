import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT } from "./pages.ts";
import { compilerOutput } from "./type-check.ts";

const HEAD = `import { defaults } from "@maand/cli";
import { defineConfig, definePlugin, pluginWithOptions } from "@maand/core";
import { make } from "@maand/plugin-make";
import { callHook, rolloutContext } from "@maand/core/testing";
import * as v from "valibot";
const slack = pluginWithOptions({
  name: "slack",
  options: v.object({ channel: v.string(), retries: v.optional(v.number()) }),
  apply({ commit }, { channel }) { commit.tapPromise("slack", async ({ log }) => log(channel.toUpperCase())); },
});
export const all = [defaults, defineConfig, definePlugin, make, slack, callHook, rolloutContext];
`;

/** Code that must not compile, and the expected message of the compiler, which must contain the fix. */
const WRONG: Readonly<Record<string, readonly [code: string, ...parts: string[]]>> = {
  "a wrong option": [`make({ programm: "gmake" });`, "'programm' does not exist in type 'MakeOptions'", "program"],
  "an option of the wrong type": [`slack({ channel: 7 });`, "Type 'number' is not assignable to type 'string'"],
  "a required option that is missing": ["slack({ retries: 1 });", "Property 'channel' is missing", "{ channel: string"],
  "options that are missing": ["slack();", "Expected 1 arguments, but got 0"],
  "a wrong hook name": [
    `definePlugin({ name: "x", apply({ rolout }) { rolout.tap("x", () => undefined); } });`,
    "Property 'rolout' does not exist on type",
  ],
  "a wrong hook name in a configuration": [
    "defineConfig({ hooks: { rolout() {} } });",
    "'rolout' does not exist in type 'InlineHooks'",
    "Did you mean to write 'rollout'?",
  ],
  "a wrong return value": [
    `definePlugin({ name: "x", apply({ rollout }) { rollout.tapPromise("x", async () => "finished"); } });`,
    `'"finished"' is not assignable to type '"done"`,
  ],
  "a wrong return value in a configuration": [
    `defineConfig({ hooks: { async rollout() { return "finished"; } } });`,
    `'Promise<string>' is not assignable to type 'Promise<"done" | undefined>'`,
  ],
  "an unknown field of a context": [
    "defineConfig({ hooks: { async commit({ remote }) { await remote; } } });",
    "Property 'remote' does not exist on type 'CommitContext'",
  ],
  "an unknown setting": [
    "defineConfig({ settings: { ssh_prot: 22 } });",
    "'ssh_prot' does not exist in type",
    "ssh_port",
  ],
  "a setting of the wrong type": [
    `defineConfig({ settings: { ssh_port: "22" } });`,
    "Type 'string' is not assignable to type 'number",
  ],
  "an unknown key of a configuration": [
    "defineConfig({ plugin: [] });",
    "'plugin' does not exist in type 'Config'",
    "plugins",
  ],
  "an unknown stock plugin": [
    `defaults().remove("mkae");`,
    `'"mkae"' is not assignable to parameter of type 'StockName'`,
  ],
  "a stock plugin that was already removed": [
    `defaults().remove("make").replace("make", make());`,
    `'"make"' is not assignable`,
  ],
  "a plugin without apply": [`definePlugin({ name: "x" });`, "Property 'apply' is missing", "PluginDeclaration<"],
  "an event without a namespace": [
    `defineConfig({ hooks: { afterJob({ emit }) { emit("soaked"); } } });`,
    `'"soaked"' is not assignable to parameter of type '\`\${string}.\${string}\`'`,
  ],
  "a hook that is called with the context of another hook": [
    `void callHook([], "commit", rolloutContext());`,
    "missing the following properties from type 'CommitContext': summary",
    "CommitContext",
  ],
};

const RIGHT = `
export const plugin = definePlugin({
  name: "right",
  apply({ rollout, render, templateFunctions }) {
    rollout.tapPromise({ name: "right", before: "make" }, async ({ action }) => (action.kind === "start" ? "done" : undefined));
    render.tapPromise("right", async (tree) => ({ files: tree.files.slice(1) }));
    templateFunctions.tap("right", (known) => ({ ...known, shout: (word: string) => word.toUpperCase() }));
  },
});
export default defineConfig({
  plugins: defaults().remove("health").replace("make", make({ program: "gmake" })).before("make", plugin).add(slack({ channel: "#ops" })),
  hooks: {
    async rollout({ job, remote }) {
      if (job.manifest.systemd !== true) return undefined;
      await remote.exec(["true"]);
      return "done";
    },
    orchestrate: { before: "job-commands", tap: async () => undefined },
    afterJob: ({ job, log, emit }) => {
      log(job.name);
      emit("right.done", { job: job.name });
    },
    async commit({ summary }) {
      await Promise.resolve(summary.outcome);
    },
  },
  settings: { ssh_port: 2222, timeouts: { connect: 5 }, certs_key: "ecdsa-p256" },
});
export const answer: Promise<"done" | undefined> = callHook(plugin, "rollout");
`;

const directory = mkdtempSync(join(tmpdir(), "maand-types-"));
const fileOf = (what: string) => `${what.replace(/\W+/g, "-")}.ts`;
let output = "";

beforeAll(() => {
  symlinkSync(join(ROOT, "node_modules"), join(directory, "node_modules"));
  writeFileSync(join(directory, "package.json"), '{ "type": "module" }');
  const compilerOptions = { noUnusedLocals: false, types: ["node"] };
  writeFileSync(
    join(directory, "tsconfig.json"),
    JSON.stringify({ extends: join(ROOT, "tsconfig.check.json"), compilerOptions, include: ["*.ts"] }),
  );
  writeFileSync(join(directory, "right.ts"), HEAD + RIGHT);
  for (const [what, [code]] of Object.entries(WRONG)) writeFileSync(join(directory, fileOf(what)), `${HEAD}${code}\n`);
  output = compilerOutput(directory);
});

afterAll(() => rmSync(directory, { recursive: true }));

/** The output of the compiler for one file, with its explanations. */
function outputOf(file: string): string {
  const messages = output.split(/\n(?=\S)/).filter((message) => message.startsWith(`${file}(`));
  return messages.join("\n");
}

describe("the compiler", () => {
  it.for(Object.entries(WRONG))("explains the mistake: %s", ([what, [, ...parts]]) => {
    const messages = outputOf(fileOf(what));
    for (const part of parts) expect(messages).toContain(part);
    // one error at the right line, without a long list of types
    expect(messages.match(/error TS/g)).toHaveLength(1);
    expect(messages).toMatch(new RegExp(`\\(${HEAD.split("\n").length},`));
    expect(messages.length).toBeLessThan(1200);
  });
});

it("the compiler accepts valid code", () => {
  expect(outputOf("right.ts")).toBe("");
});
