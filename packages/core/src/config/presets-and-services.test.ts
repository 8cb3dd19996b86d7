import { describe, expect, it } from "vitest";
import { aConfig } from "./a-config.test.support.ts";

const plugin = (name: string, more = "") => `{ name: "${name}", apply() {}, ${more} }`;

/** A preset with an option, which contains another preset. */
const ACME = `import { presetWithOptions } from "@maand/core";
import * as v from "valibot";
const watching = [${plugin("acme-watch")}, false];
export default presetWithOptions({
  name: "acme",
  options: v.object({ gate: v.optional(v.boolean(), true) }),
  plugins: ({ gate }) => [watching, [gate && ${plugin("acme-gate")}], undefined],
});
`;

describe("a preset", () => {
  it.for([
    [
      "adds its plugins at its place in the list",
      '{ "plugins": ["./acme.ts", "defaults"] }',
      ["acme-watch", "acme-gate", "ssh", "make"],
    ],
    [
      "may have options",
      '{ "plugins": ["defaults", ["./acme.ts", { "gate": false }]] }',
      ["ssh", "make", "acme-watch"],
    ],
  ] as const)("%s", async ([, config, names], context) => {
    const { names: loaded } = aConfig(context, { "acme.ts": ACME, ".maandrc.json": config });
    expect(await loaded()).toEqual(names);
  });

  it("may be a list in a script, and may contain other presets", async (context) => {
    const script = `const one = [${plugin("one")}];\nexport default { plugins: [[one, [${plugin("two")}, null]], ${plugin("three")}] };\n`;
    const { names } = aConfig(context, { "maand.config.mjs": script });
    expect(await names()).toEqual(["one", "two", "three"]);
  });

  it("is refused with its place if it contains a value that is not a plugin", async (context) => {
    const { refused } = aConfig(context, {
      "maand.config.mjs": `export default {\n  plugins: [[${plugin("one")}, "two"]],\n};\n`,
    });
    expect(await refused()).toEqual([
      expect.stringMatching(/^maand\.config\.mjs:2:\d+: plugins\[0\]: "two" in a preset is not a plugin \| /),
    ]);
  });

  it("is refused with the closest option name if an option is unknown", async (context) => {
    const { refused } = aConfig(context, {
      "acme.ts": ACME,
      ".maandrc.json": '{ "plugins": [["./acme.ts", { "gaet": true }]] }',
    });
    expect(await refused()).toEqual([
      expect.stringContaining('plugin "acme" has no option "gaet" | did you mean "gate"?'),
    ]);
  });
});

describe("a service of a plugin", () => {
  const provider = plugin("desk", 'provides: { services: [{ service: "desk.tickets", make() {} }] }');
  const refusedFor = (context: Parameters<typeof aConfig>[0], plugins: string) =>
    aConfig(context, { "maand.config.mjs": `export default { plugins: [${plugins}] };\n` }).refused();

  it("is accepted if another plugin provides it, in any order", async (context) => {
    const needs = plugin("notes", 'needs: [{ name: "desk.tickets" }]');
    const { names } = aConfig(context, {
      "maand.config.mjs": `export default { plugins: [${needs}, ${provider}] };\n`,
    });
    expect(await names()).toEqual(["notes", "desk"]);
  });

  it.for([
    [
      "no plugin provides it",
      plugin("notes", 'needs: [{ name: "desk.tickets" }]'),
      'plugin "notes" needs the service "desk.tickets", which no loaded plugin provides | add the plugin that provides "desk.tickets" to the plugins of the configuration',
    ],
    [
      "its name is mistyped",
      `${provider}, ${plugin("notes", 'needs: [{ name: "desk.tickest" }]')}`,
      'plugin "notes" needs the service "desk.tickest", which no loaded plugin provides | did you mean "desk.tickets"?',
    ],
    [
      "two plugins provide it",
      `${provider}, ${provider.replace('"desk"', '"counter"')}`,
      'plugin "desk" and plugin "counter" both define the service "desk.tickets" | remove one of them, or ask its author to rename it',
    ],
    [
      "its entry is only a name",
      plugin("notes", 'needs: ["desk.tickets"]'),
      'plugin "notes" has an entry in needs that is not a service | write needs: [TICKETS], with a service from defineService',
    ],
    [
      "its provider has no function that creates it",
      plugin("desk", 'provides: { services: ["desk.tickets"] }'),
      'plugin "desk" has an entry in services that is not a service | write provides: { services: [TICKETS.by(() => tickets)] }, with a service from defineService',
    ],
  ] as const)("is refused if %s", async ([, plugins, refusal], context) => {
    expect(await refusedFor(context, plugins)).toEqual([expect.stringContaining(refusal)]);
  });
});
