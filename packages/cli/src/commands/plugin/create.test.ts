import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { typedIn } from "../../run/typed.test.support.ts";
import { pluginNames } from "./package-files.ts";

vi.setConfig({ testTimeout: 60_000 });

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "maand-create-"));
});
afterEach(() => rmSync(root, { recursive: true }));

describe("maand plugin create", () => {
  it("writes a package, outside of a bucket too, and prints the next step", async () => {
    const { code, out } = await typedIn(root)("plugin", "create", "@acme/maand-plugin-slow-start");
    expect(code).toBe(0);
    expect(out).toContain("cd maand-plugin-slow-start && npm install");
    const at = join(root, "maand-plugin-slow-start");
    expect(JSON.parse(readFileSync(join(at, "package.json"), "utf8"))).toMatchObject({
      name: "@acme/maand-plugin-slow-start",
      peerDependencies: { "@maand/core": expect.stringMatching(/^\^\d+\.\d+\.\d+$/) },
    });
    expect(readFileSync(join(at, "src/index.ts"), "utf8")).toContain("export const slowStart = pluginWithOptions({");
  });

  it("overwrites nothing, not even an empty directory", async () => {
    mkdirSync(join(root, "slack"));
    expect(await typedIn(root)("plugin", "create", "slack")).toMatchObject({
      code: 2,
      err: expect.stringContaining("slack"),
    });
    expect(readdirSync(join(root, "slack"))).toEqual([]);
    writeFileSync(join(root, "irc"), "");
    expect(await typedIn(root)("plugin", "create", "irc")).toMatchObject({ code: 2 });
  });

  it.for([
    "../evil",
    "Slack",
    "a b",
    "@acme/",
    "",
    "defaults",
    "config",
    "x;y",
    "-C",
    "maand-plugin-new",
    "a".repeat(215),
    ".",
  ])("refuses %j and writes nothing", async (name) => {
    expect((await typedIn(root)("plugin", "create", name)).code).toBe(2);
    expect(readdirSync(root)).toEqual([]);
    expect(existsSync(join(root, "../evil"))).toBe(false);
  });
});

it.for([
  ["slack", "slack", "slack", "slack"],
  ["maand-plugin-slack", "maand-plugin-slack", "slack", "slack"],
  ["@acme/slow-start", "slow-start", "slow-start", "slowStart"],
  ["maand-plugin-2fa", "maand-plugin-2fa", "2fa", "plugin2fa"],
] as const)("%s is named after itself", ([name, directory, plugin, variable]) => {
  expect(pluginNames(name)).toEqual({ package: name, directory, plugin, variable });
});
