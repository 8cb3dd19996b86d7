import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aBucket, type TestBucket } from "@maand/core/testing";
import { operations } from "@maand/plugin-operations";
import { prometheus } from "@maand/plugin-prometheus";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { loadCommands } from "./load-commands.ts";
import { typedIn } from "./typed.test.support.ts";

/** A file with a command; its first line records that the file was loaded. */
const commandFile = (name: string, paths: string, body = "return 0;") => `
console.debug("loaded ${name}");
import { Command, MaandCommand, Option } from "@maand/command";
export class ${name} extends MaandCommand {
  static paths = ${paths};
  static usage = Command.Usage({ category: "Acme", description: "does ${name}" });
  loud = Option.Boolean("--loud", false, { description: "Loudly." });
  async work() { ${body} }
}
`;

const plugin = (commands: string) => `
export const acme = { name: "acme", apply() {}, commands: { ${commands} } };
export default acme;
`;

const ADD = '"notes add": async () => (await import("./add.ts")).Add';
const LIST = '"notes list": async () => (await import("./list.ts")).List';

let bucket: TestBucket;
let typed: ReturnType<typeof typedIn>;
let loaded: string[];

beforeEach(() => {
  bucket = aBucket();
  typed = typedIn(bucket.root);
  loaded = [];
  vi.spyOn(console, "debug").mockImplementation((line: string) => void loaded.push(line));
});

afterEach(() => {
  vi.restoreAllMocks();
  bucket.dispose();
});

/** Adds a plugin to the bucket in a separate file, with the files of its commands. */
function withPlugin(commands: string, files: Readonly<Record<string, string>> = {}): void {
  mkdirSync(join(bucket.root, "plugins"));
  writeFileSync(join(bucket.root, ".maandrc.json"), '{ "plugins": ["defaults", "./plugins/acme.ts"] }');
  const all = {
    "acme.ts": plugin(commands),
    "add.ts": commandFile("Add", '[["notes", "add"]]', 'this.print(this.loud ? "ADDED" : "added"); return 0;'),
    "list.ts": commandFile("List", '[["notes", "list"]]'),
    ...files,
  };
  for (const [file, text] of Object.entries(all)) writeFileSync(join(bucket.root, "plugins", file), text);
}

describe("a command that is loaded later", () => {
  it("runs with its flags, and no other command is loaded", async () => {
    withPlugin(`${ADD}, ${LIST}`);
    expect(await typed("notes", "add", "--loud")).toEqual({ code: 0, out: "ADDED\n", err: "" });
    expect(loaded).toEqual(["loaded Add"]);
  });

  it("is not loaded for another command, nor for maand plugins, which lists it", async () => {
    withPlugin(`${ADD}, ${LIST}`);
    expect((await typed("build")).code).toBe(0);
    const rows: Record<string, unknown>[] = JSON.parse((await typed("plugins", "--json")).out);
    expect(rows.find(({ name }) => name === "acme")).toMatchObject({ commands: ["notes add", "notes list"] });
    expect(loaded).toEqual([]);
  });

  it("appears in the help of all commands, in the help of its group, and has its own help", async () => {
    withPlugin(`${ADD}, ${LIST}`);
    expect((await typed("help", "--all")).out).toMatch(
      /Acme:\n {2}maand notes add +does Add\n {2}maand notes list +does List/,
    );
    const group = (await typed("notes", "--help")).out;
    expect([group.includes("notes add"), group.includes("notes list")]).toEqual([true, true]);
    expect((await typed("notes", "add", "--help")).out).toContain("Loudly.");
  });

  it("is completed, with its flags", async () => {
    withPlugin(ADD);
    const { code, out, err } = await typed("completion", "bash");
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/notes/);
    expect(out).toContain("--loud");
    loaded.length = 0;
    expect((await typed("completion", "jobs")).code).toBe(0);
    expect(loaded).toEqual([]);
  });

  it("is suggested for a typo, without being loaded", async () => {
    withPlugin(`${ADD}, ${LIST}`);
    expect((await typed("notse", "add")).err).toContain('did you mean "notes"?');
    expect(loaded).toEqual([]);
  });
});

describe("a command that cannot be loaded", () => {
  const broken = { "list.ts": 'export const before = 1;\nthrow new Error("no token");\n' };

  it("names its plugin, the plugin's file, and the line", async () => {
    withPlugin(`${ADD}, ${LIST}`, broken);
    const { code, err } = await typed("notes", "list");
    expect(code).toBe(2);
    expect(err).toContain(
      'plugin "acme" (./plugins/acme.ts) cannot load its command "notes list" (plugins/list.ts:2:7): no token',
    );
    expect(err).toContain("fix the plugin, or remove it from the configuration");
  });

  it("does not affect other commands and help; the completion reports what is missing", async () => {
    withPlugin(`${ADD}, ${LIST}`, broken);
    expect((await typed("notes", "add")).code).toBe(0);
    expect((await typed("help", "--all")).out).toContain("maand deploy");
    const { code, out, err } = await typed("completion", "zsh");
    expect([code, out.includes("deploy")]).toEqual([0, true]);
    expect(err).toContain('commands of plugins are not completed: plugin "acme" (./plugins/acme.ts) cannot load');
  });

  it.each([
    [
      "another path",
      commandFile("List", '[["notes", "lst"]]'),
      'declares the command "notes list", but the class that it loads has the path "notes lst"',
      'did you mean "notes lst"?',
    ],
    [
      "an additional path",
      commandFile("List", '[["notes", "list"], ["notes", "all"]]'),
      'declares the command "notes list", but its class has the path "notes all" too, which would not be found',
      'declare "notes all" as well, with the same function',
    ],
    [
      "no paths",
      "export const List = 1;",
      'declares the command "notes list", but what it loads is not a clipanion class with paths',
      'write static paths = [["notes", "list"]]',
    ],
  ])("is reported with a hint if its class has %s", async (_, text, message, hint) => {
    withPlugin(LIST, { "list.ts": text });
    const { code, err } = await typed("notes", "list");
    expect([code, err]).toEqual([2, expect.stringContaining(`plugin "acme" (./plugins/acme.ts) ${message}`)]);
    expect(err).toContain(hint);
  });
});

it("the class of a command may also have its path in another spelling", async () => {
  withPlugin('"note_list": async () => (await import("./list.ts")).List', {
    "list.ts": commandFile("List", '[["note_list"], ["note-list"]]', 'this.print("listed"); return 0;'),
  });
  for (const word of ["note_list", "note-list"]) expect(await typed(word)).toMatchObject({ code: 0, out: "listed\n" });
});

describe("a plugin with an invalid declaration of a command is refused", () => {
  it.each([
    ['"Notes Add": async () => 1', 'declares a command "Notes Add" that cannot be typed', "lower-case letters"],
    ['"notes  add": async () => 1', 'declares a command "notes  add" that cannot be typed', "lower-case letters"],
    ["notes: class {}.name", 'has no function that loads its command "notes"', "await import("],
    ['"deploy fast": async () => 1', 'maand and plugin "acme" both define the command "deploy fast"', "rename it"],
  ])("%s", async (commands, message, hint) => {
    withPlugin(commands);
    const { code, err } = await typed("plugins");
    expect([code, err]).toEqual([2, expect.stringContaining(message)]);
    expect(err).toContain(hint);
  });
});

it("the stock plugins declare the paths of their commands", async () => {
  for (const stock of [operations(), prometheus()])
    expect(
      await loadCommands({ plugin: stock, source: "stock" }, { isWanted: () => true, directory: bucket.root }),
    ).toHaveLength(Object.keys(stock.commands ?? {}).length);
});
