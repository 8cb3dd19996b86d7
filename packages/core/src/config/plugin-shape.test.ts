import { describe, expect, it } from "vitest";
import { aConfig } from "./a-config.test.support.ts";

const listed = (plugin: string) => ({ "maand.config.mjs": `export default {\n  plugins: [${plugin}],\n};\n` });

describe("a plugin is refused at its place in the configuration for", () => {
  it.for([
    [
      "a mistyped key",
      '{ name: "acme", aply() {}, apply() {} }',
      'plugin "acme" has no key "aply" | did you mean "apply"?',
    ],
    [
      "an unknown key that resembles no other key",
      '{ name: "acme", colour: 7, apply() {} }',
      'plugin "acme" has no key "colour" | keys: name, version, core, apply, ',
    ],
    [
      "a name that cannot be used in events and for ordering",
      '{ name: "My Plugin", apply() {} }',
      'plugin "My Plugin" has a name that is not allowed | use lower-case letters, digits and dashes, such as "my-plugin"',
    ],
    ["a reserved name", '{ name: "config", apply() {} }', 'plugin "config" has a reserved name | choose another name'],
    [
      "a claim that is listed under another key",
      '{ name: "acme", claims: { canry: defineClaim("canary", { description: "", schema: {} }) }, apply() {} }',
      'plugin "acme" claims the key "canry" with a claim defined for "canary" | write claims: { canary: ... }',
    ],
    [
      "an unknown key of a claim",
      '{ name: "acme", claims: { canary: { description: "", schema: {}, lifecyle: true } }, apply() {} }',
      'the claim "canary" of plugin "acme" has no key "lifecyle" | did you mean "lifecycle"?',
    ],
  ] as const)("%s", async ([, plugin, output], context) => {
    const text = listed(plugin);
    const head = 'import { defineClaim } from "@maand/core";\n';
    const lines = await aConfig(context, { "maand.config.mjs": head + text["maand.config.mjs"] }).refused();
    expect(lines).toEqual([expect.stringContaining(output)]);
    expect(lines[0]).toMatch(/^maand\.config\.mjs:3:/);
  });

  it("an unknown option of an inline hook", async (context) => {
    const text = 'export default {\n  hooks: {\n    afterJob: { befor: "make", tap() {} },\n  },\n};\n';
    expect(await aConfig(context, { "maand.config.mjs": text }).refused()).toEqual([
      'maand.config.mjs:3:5: hooks.afterJob: hook "afterJob" has no option "befor" | did you mean "before"?',
    ]);
  });
});
