import { describe, expect, it } from "vitest";
import { aConfig, SSH_KEYS } from "./a-config.test.support.ts";

const HEAD = `import { defaults } from "@maand/cli";
import { defineConfig, pluginWithOptions } from "@maand/core";

interface Thing {
  readonly a: string;
}
`;

describe("a configuration is refused at the place of", () => {
  it.for([
    [
      "a syntax error",
      "maand.config.ts",
      "export default {\n  plugins: [,...],\n};\n",
      "maand.config.ts:2:17: Unexpected token | fix",
    ],
    [
      "an error that it throws",
      "maand.config.ts",
      `${HEAD}\nexport default defineConfig({\n  settings: boom(),\n});\n\nfunction boom(): never { throw new Error("no luck"); }\n`,
      "maand.config.ts:12:32: no luck | fix",
    ],
    [
      "an undeclared name",
      "maand.config.mjs",
      `export default {\n  plugins: [],\n  settings: slack(),\n};\n`,
      "maand.config.mjs:3:13: slack is not defined | fix",
    ],
    [
      "an unknown stock plugin",
      "maand.config.ts",
      `${HEAD}\nexport default defineConfig({\n  plugins: defaults().remove("mkae"),\n});\n`,
      'maand.config.ts:9:23: there is no plugin "mkae" in the list | did you mean "make"?',
    ],
    [
      "a string that it throws",
      "maand.config.mjs",
      'throw "no luck";\n',
      "maand.config.mjs: it threw no luck | fix the file, or select another with --config",
    ],
    [
      "a missing export",
      "maand.config.ts",
      "const config = { plugins: [] };\nconfig.plugins;\n",
      "maand.config.ts: it has no default export | write export default defineConfig({ ... })",
    ],
    [
      "a named export without a default export",
      "maand.config.ts",
      "export const config = { plugins: [] };\n",
      "maand.config.ts: it has no default export | write export default defineConfig({ ... })",
    ],
    [
      "a missing package that it imports",
      "maand.config.mjs",
      'import gone from "acme-gone";\nexport default gone;\n',
      "Cannot find module 'acme-gone' | install it in the bucket: npm install acme-gone",
    ],
    [
      "a syntax error in package.json",
      "package.json",
      '{\n  "maand": {},\n}\n',
      "package.json:3:1: Expected double-quoted",
    ],
    ["a syntax error in JSON", ".maandrc.json", '{\n  "plugins": [],\n}\n', ".maandrc.json:3:1: "],
    [
      "a duplicate key in JSON",
      ".maandrc.json",
      '{\n  "settings": { "use_sudo": true,\n    "use_sudo": false }\n}\n',
      '.maandrc.json:3:5: settings.use_sudo: "use_sudo" is written twice, first on line 2 | keep one of them',
    ],
    [
      "a duplicate key in YAML",
      ".maandrc.yaml",
      "settings:\n  use_sudo: true\n  use_sudo: false\n",
      ".maandrc.yaml:3:3: duplicated mapping key",
    ],
    [
      "a duplicate key under maand in package.json",
      "package.json",
      '{\n  "name": "a",\n  "maand": { "plugins": [], "plugins": [] }\n}\n',
      'package.json:3:29: maand.plugins: "plugins" is written twice',
    ],
    ["a syntax error in YAML", ".maandrc.yaml", "plugins:\n  - a\n bad: [\n", ".maandrc.yaml:3:"],
    ["a syntax error in TOML", "maand.conf", 'ssh_user = "a"\nssh_port = \n', "maand.conf:2:"],
  ] as const)("%s", async ([, file, text, output], context) => {
    const lines = await aConfig(context, { [file]: text }).refused();
    expect(lines).toEqual([expect.stringContaining(output)]);
    expect(lines.join("\n")).not.toMatch(/ {4}at |node_modules|\.ts:\d+:\d+\)/);
  });

  it("a configuration is refused with the line of an error in a file that it imports", async (context) => {
    const config = aConfig(context, {
      "maand.config.ts": `import { it } from "./plugins/broken.ts";\nexport default { plugins: [it] };\n`,
      "plugins/broken.ts": `export const it = {\n  name: "it",\n  apply: missing,\n};\n`,
    });
    expect(await config.refused()).toEqual([expect.stringContaining("plugins/broken.ts:3:10: missing is not defined")]);
  });
});

describe("a configuration is refused with the key of", () => {
  it.for([
    [
      "an unknown key",
      "{\n  plugin: [],\n}",
      'maand.config.ts:2:3: plugin: unknown key "plugin" | did you mean "plugins"?',
    ],
    ["plugins that are not a list", "{\n  plugins: {},\n}", "maand.config.ts:2:3: plugins: must be a list"],
    [
      "a value that is not a plugin",
      '{\n  plugins: ["defaults", 7],\n}',
      "maand.config.ts:2:3: plugins[1]: a number is not a plugin",
    ],
    [
      "a function that was not called",
      "{\n  plugins: [function slack() {}],\n}",
      "maand.config.ts:2:3: plugins[0]: the function slack is not a plugin",
    ],
    ["a plugin without apply", '{\n  plugins: [{ name: "x" }],\n}', '"x", an object without "apply", is not a plugin'],
    [
      "a setting of the wrong kind",
      "{\n  settings: {\n    ssh_port: 'no',\n  },\n}",
      "maand.config.ts:3:5: settings.ssh_port: must be a number",
    ],
    [
      "settings that contradict each other",
      "{ settings: { ssh_tries: 5, ssh_quick_tries: 6 } }",
      "settings.ssh_quick_tries: 6 is more than ssh_tries, 5 | make it smaller",
    ],
    [
      "a hook that does not exist",
      "{\n  hooks: {\n    rolout() {},\n  },\n}",
      'maand.config.ts:3:5: hooks.rolout: there is no hook "rolout" | did you mean "rollout"?',
    ],
    ["a hook that is not a function", "{ hooks: { rollout: 1 } }", 'hook "rollout" is not a function'],
    [
      "a missing package",
      '{\n  plugins: ["acme-nothing"],\n}',
      "maand.config.ts:2:13: plugins[0]: plugin \"acme-nothing\" cannot be loaded: Cannot find module 'acme-nothing' | install it in the bucket (npm install acme-nothing)",
    ],
    [
      "a path that does not exist",
      '{\n  plugins: ["./nothing.ts"],\n}',
      "maand.config.ts:2:13: plugins[0]: plugin \"./nothing.ts\" cannot be loaded: Cannot find module './nothing.ts' | paths are relative to /",
    ],
    [
      "a promise of a plugin",
      "{\n  plugins: [Promise.resolve({})],\n}",
      "plugins[0]: a promise that was not awaited is not",
    ],
    [
      "a plugin without a name",
      '{ plugins: [{ name: "", apply() {} }] }',
      'plugins[0]: an object without "name" is not a plugin',
    ],
    [
      "a stock plugin to remove that does not exist",
      '{\n  plugins: [["defaults", { remove: ["mkae"] }]],\n}',
      'maand.config.ts:2:37: plugins[0]: there is no stock plugin "mkae" | did you mean "make"?',
    ],
    ["a plugin that is listed twice", '{ plugins: ["defaults", "defaults"] }', 'plugin "ssh" is listed twice'],
  ] as const)("%s", async ([, text, output], context) => {
    const lines = await aConfig(context, { "maand.config.ts": `export default ${text};\n` }).refused();
    expect(lines.join("\n")).toContain(output);
  });

  it("an invalid value in maand.conf is refused with its line", async (context) => {
    const text = 'ssh_user = "a"\n# ssh_port = 1\nssh_port = "x"\n\n[timeouts]\nconnect = 0\n';
    expect(await aConfig(context, { "maand.conf": text }).refused()).toEqual([
      expect.stringMatching(/^maand.conf:3:1: ssh_port: /),
      expect.stringMatching(/^maand.conf:6:1: timeouts.connect: /),
    ]);
  });
});

it("an unknown setting causes one warning, with the closest name", async (context) => {
  const config = aConfig(context, {
    "maand.conf": "max_jobs = 1\n",
    ".maandrc": '{ "settings": { "ssh_prot": 1 } }',
  });
  const { warnings } = await config.load();
  expect(warnings.map(({ where, hint }) => [where, hint])).toEqual([
    ["maand.conf:1:1: max_jobs", expect.any(String)],
    [".maandrc:1:17: settings.ssh_prot", 'did you mean "ssh_port"?'],
  ]);
});

describe("keys of maand.conf that plugins own", () => {
  it("are read with their defaults, from the file and the configuration, and in tables of core", async (context) => {
    const config = aConfig(context, {
      "maand.conf": "ssh_port = 2222\nssh_tries = 4\n[timeouts]\nlogin = 7\n",
      ".maandrc": '{ "settings": { "ssh_tries": 5 } }',
    });
    const { settings, warnings } = await config.load();
    expect(warnings).toEqual([]);
    expect(SSH_KEYS.from(settings)).toEqual({
      ssh_user: "agent",
      ssh_port: 2222,
      use_sudo: true,
      ssh_tries: 5,
      ssh_quick_tries: 1,
      "timeouts.login": 7,
    });
  });

  it("are reported with the plugin to add if the plugin is not loaded", async (context) => {
    const config = aConfig(context, {
      "maand.conf": 'ssh_user = "deploy"\nssh_usr = "deploy"\n[timeouts]\nlogin = 7\n',
      ".maandrc": '{ "plugins": [["defaults", { "remove": ["ssh"] }]] }',
    });
    const modules = { "@maand/plugin-ssh": async () => ({}) };
    const { warnings } = await config.load({ modules });
    const add = "add @maand/plugin-ssh to the plugins of the configuration";
    expect(warnings.map(({ where, message, hint }) => `${where}: ${message} | ${hint}`)).toEqual([
      `maand.conf:1:1: ssh_user: no loaded plugin reads "ssh_user", so it is ignored | ${add}`,
      expect.stringMatching(/^maand.conf:2:1: ssh_usr: unknown key "ssh_usr" is ignored \| valid keys: /),
      `maand.conf:4:1: timeouts.login: no loaded plugin reads "login", so it is ignored | ${add}`,
    ]);
  });

  it("are not reported as unknown if a plugin that may own them cannot be loaded", async (context) => {
    const lines = await aConfig(context, {
      "maand.conf": "slack_tone = 1\n",
      ".maandrc": '{ "plugins": ["maand-plugin-slack"] }',
    }).refused();
    expect(lines).toEqual([expect.stringContaining('plugin "maand-plugin-slack" cannot be loaded')]);
  });
});

describe("options of a plugin", () => {
  const slack = `import { pluginWithOptions } from "@maand/core";
import * as v from "valibot";
export const slack = pluginWithOptions({
  name: "slack",
  options: v.object({ channel: v.pipe(v.string(), v.startsWith("#")), retries: v.optional(v.number(), 3) }),
  apply() {},
});
`.replace('"valibot"', `"${import.meta.resolve("valibot")}"`);

  it("are refused with their key and line, and the closest name", async (context) => {
    const config = aConfig(context, {
      ".maandrc.json":
        '{\n  "plugins": [\n    "defaults",\n    ["./slack.ts", {\n      "chanel": "#ops", "retries": "x"\n    }]\n  ]\n}\n',
      "slack.ts": slack,
    });
    const lines = await config.refused();
    expect(lines).toEqual([
      '.maandrc.json:5:7: plugins[1]: slack.chanel: plugin "slack" has no option "chanel" | did you mean "channel"?',
      expect.stringMatching(/plugins\[1\]: slack\.channel: /),
      expect.stringMatching(/^\.maandrc\.json:5:25: plugins\[1\]: slack\.retries: .*number/),
    ]);
  });

  it("are refused with their line in TypeScript", async (context) => {
    const config = aConfig(context, {
      "maand.config.ts": `import { slack } from "./slack.ts";\n\nexport default {\n  plugins: ["defaults", slack({ channel: "ops" })],\n};\n`,
      "slack.ts": slack,
    });
    expect(await config.refused()).toEqual([expect.stringMatching(/^maand\.config\.ts:4:\d+: slack\.channel: /)]);
  });

  it("get the defaults of their schema", async (context) => {
    const config = aConfig(context, {
      ".maandrc.json": '{ "plugins": [["./plugin.ts", { "channel": "#ops" }]] }',
      "plugin.ts": slack.replace(
        "apply() {}",
        "apply(_, { channel, retries }) { globalThis.given = [channel, retries]; }",
      ),
    });
    const { plugins } = await config.load();
    for (const { plugin } of plugins) await plugin.apply(Object.create(null));
    expect(Reflect.get(globalThis, "given")).toEqual(["#ops", 3]);
  });

  it("are refused by a plugin without options", async (context) => {
    const files = {
      ".maandrc": '{ "plugins": [["./a.ts", { "b": 1 }]] }',
      "a.ts": 'export default { name: "a", apply() {} };',
    };
    expect((await aConfig(context, files).refused()).join()).toContain(
      'plugin "./a.ts" cannot be loaded: it takes no options',
    );
  });
});

describe("a plugin file is refused if it exports", () => {
  it.for([
    ["no plugin", "export const a = 1;", "it exports no plugin; add export default definePlugin({ ... })"],
    [
      "two plugins without a default",
      "export const a = { name: 'a', apply() {} }; export const b = { name: 'b', apply() {} };",
      "it exports a and b, and none of them as default",
    ],
    [
      "a plugin that imports a missing module",
      'import gone from "@acme/gone/deep"; export default gone;',
      "Cannot find module '@acme/gone/deep' | install it in the bucket: npm install @acme/gone",
    ],
  ] as const)("%s", async ([, text, output], context) => {
    const lines = await aConfig(context, { ".maandrc": "plugins: [./it.mjs]", "it.mjs": text }).refused();
    expect(lines).toEqual([expect.stringContaining(output)]);
  });
});

it("a duplicate plugin is reported once, even if it owns names", async (context) => {
  const both = "{ name: 'a', apply() {}, workerFiles: { f: '' } }";
  const text = `export default {\n  plugins: [${both}, ${both}],\n};\n`;
  expect(await aConfig(context, { "maand.config.ts": text }).refused()).toEqual([
    'maand.config.ts:2:3: plugins: plugin "a" is listed twice | remove one of them',
  ]);
});

describe("a list of plugins is refused if", () => {
  const two = (a: string, b: string) => ({
    "maand.config.ts": `import { defineSettings, setting } from "@maand/core"; import * as v from "valibot"; const keys = (key) => defineSettings({ entries: { [key]: setting(v.string(), "", "") } }); const none = { description: "", schema: {} };\nclass Slow { static paths = [["slow"]] }\nclass Deploy { static paths = [["deploy", "slowly"]] }\nexport default {\n  plugins: [{ name: "a", apply() {}, ${a} }, { name: "b", apply() {}, ${b} }],\n};\n`,
  });
  it.for([
    [
      "two plugins define a command",
      "commands: [Slow]",
      "commands: [Slow]",
      'plugin "a" and plugin "b" both define the command "slow"',
    ],
    [
      "a plugin defines a command of maand",
      "commands: [Deploy]",
      "",
      'maand and plugin "a" both define the command "deploy slowly"',
    ],
    [
      "two plugins define a table",
      "tables: { t: none }",
      "tables: { t: none }",
      'plugin "a" and plugin "b" both define the table "t"',
    ],
    [
      "a plugin defines a table of maand",
      "",
      "tables: { jobs: none }",
      'maand and plugin "b" both define the table "jobs"',
    ],
    [
      "two plugins define a manifest key",
      "claims: { k: none }",
      "claims: { k: none }",
      'plugin "a" and plugin "b" both define the manifest key "k"',
    ],
    [
      "a plugin defines a manifest key of maand",
      "claims: { version: none }",
      "",
      'maand and plugin "a" both define the manifest key "version"',
    ],
    [
      "two plugins define a worker file",
      "workerFiles: { f: '' }",
      "workerFiles: { f: '' }",
      'plugin "a" and plugin "b" both define the worker file "f"',
    ],
    [
      "two plugins define a key of maand.conf",
      "settings: keys('tone')",
      "settings: keys('tone')",
      'plugin "a" and plugin "b" both define the key of maand.conf "tone"',
    ],
    [
      "a plugin defines a key of maand.conf that maand owns",
      "settings: keys('transport')",
      "",
      'maand and plugin "a" both define the key of maand.conf "transport"',
    ],
    [
      "the settings of a plugin are not declared",
      "settings: { tone: 'loud' }",
      "",
      'plugin "a" has settings that were not created with defineSettings | write settings: defineSettings(',
    ],
    [
      "a plugin requires another version of core",
      'core: "^7.0.0"',
      "",
      'plugin "a" requires @maand/core ^7.0.0, but this is 0.',
    ],
  ] as const)("%s", async ([, a, b, output], context) => {
    const taken = { commands: ["deploy"], tables: ["jobs"] };
    const lines = await aConfig(context, two(a, b)).refused({ taken });
    expect(lines).toEqual([expect.stringContaining(output)]);
    expect(lines[0]).toMatch(/^maand\.config\.ts:5:3: plugins: /);
  });

  it("the package of a plugin requires another version of core", async (context) => {
    const config = aConfig(context, {
      ".maandrc": "plugins: [acme-old]",
      "node_modules/acme-old/package.json":
        '{ "name": "acme-old", "version": "1.0.0", "main": "d.cjs", "peerDependencies": { "@maand/core": "^9.0.0" } }',
      "node_modules/acme-old/d.cjs": 'module.exports = { name: "old", apply() {} };',
    });
    expect(await config.refused()).toEqual([expect.stringContaining('plugin "old" requires @maand/core ^9.0.0')]);
  });
});

it("the short name of a stock plugin is refused with the full name as a hint", async (context) => {
  const modules = { "@maand/plugin-make": async () => ({}) };
  const config = { "maand.config.mjs": 'export default {\n  plugins: ["make"],\n};\n' };
  const [line] = await aConfig(context, config).refused({ modules });
  expect(line).toMatch(/Cannot find .* \| write "@maand\/plugin-make", which is included in maand$/);
});
