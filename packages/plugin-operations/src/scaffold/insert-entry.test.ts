import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { insertEntry } from "./insert-entry.ts";

const add = (text: string) => insertEntry(text, "commands", "command_b", "{}");

describe("insertEntry", () => {
  it.each([
    ["{}", '{\n  "commands": {\n    "command_b": {}\n  }\n}'],
    ["{ }\n", '{\n  "commands": {\n    "command_b": {}\n  }\n}\n'],
    ['{"version":"1"}', '{"version":"1",\n  "commands": {\n    "command_b": {}\n  }\n}'],
    ['{\n "commands": {}\n}\n', '{\n "commands": {\n  "command_b": {}\n }\n}\n'],
    ['{\n\t"commands": {\n\t}\n}\n', '{\n\t"commands": {\n\t\t"command_b": {}\n\t}\n}\n'],
    [
      '{\n  "commands": { "a": [ 1,2 ] },\n  "x": 1\n}',
      '{\n  "commands": { "a": [ 1,2 ],\n    "command_b": {}\n  },\n  "x": 1\n}',
    ],
    ['{\n  "a": 1\n}\n', '{\n  "a": 1,\n  "commands": {\n    "command_b": {}\n  }\n}\n'],
  ])("%j becomes %j", async (text, wanted) => expect(await add(text)).toBe(wanted));

  it("adds only the entry, regardless of the formatting", async () => {
    const json = fc.dictionary(fc.string(), fc.jsonValue());
    const space = fc.constantFrom(0, 1, 2, "\t");
    await fc.assert(
      fc.asyncProperty(json, fc.option(json), space, async (others, commands, indent) => {
        const { commands: _, command_b: __, ...rest } = { ...others };
        const before = commands === null ? rest : { ...rest, commands: { ...commands, command_b: undefined } };
        const text = JSON.stringify(before, undefined, indent);
        const after = JSON.parse(await add(text));
        const { command_b: ___, ...kept } = { ...commands };
        expect(after).toEqual(JSON.parse(JSON.stringify({ ...before, commands: { ...kept, command_b: {} } })));
      }),
    );
  });
});
