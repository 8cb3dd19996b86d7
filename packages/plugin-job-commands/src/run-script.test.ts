import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { startProcess } from "@maand/core/internal";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LIB } from "./shared-files.ts";

let place: string;
beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "maand-script-"));
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

/** Runs a script next to the library and the other files, as a hook is run. */
async function run(name: string, files: Readonly<Record<string, string>>) {
  mkdirSync(join(place, "_modules"), { recursive: true });
  cpSync(join(LIB, "maand.ts"), join(place, "_modules/maand.ts"));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(place, "_modules", file), text);
  const words = [join(LIB, "run-script.mjs"), join(place, "cache"), name];
  const started = await startProcess([process.execPath, ...words], {
    cwd: join(place, "_modules"),
    env: { PATH: process.env.PATH ?? "", ALLOCATION_IP: "10.0.0.1" },
  });
  const [stdout, stderr, { code }] = await Promise.all([text(started.stdout), text(started.stderr), started.ended]);
  return { exitCode: code, output: stdout.trimEnd().split("\n"), stderr };
}

describe("a script in JavaScript", () => {
  it.each([
    ["with require", 'const fs = require("node:fs");\nconsole.log("ran", typeof fs);\nthrow new Error("no");\n'],
    ["with neither", 'console.log("ran", "object");\nthrow new Error("no");\n'],
    ["with import", 'import fs from "node:fs";\nconsole.log("ran", typeof fs);\nthrow new Error("no");\n'],
  ])("%s runs once if it fails", async (_how, text) => {
    const { exitCode, output, stderr } = await run("command_x.js", { "command_x.js": text });
    expect([exitCode, output, stderr.includes("command_x.js:"), stderr.includes("Error: no")]).toEqual([
      1,
      ["ran object"],
      true,
      true,
    ]);
  });

  it("in a package of type module runs once if it fails", async () => {
    const files = {
      "package.json": '{ "type": "module" }',
      "command_x.js": 'console.log("ran");\nthrow new Error("no");\n',
    };
    expect(await run("command_x.js", files)).toMatchObject({ exitCode: 1, output: ["ran"] });
  });

  it.each([
    ["require", 'console.log(require("./maand").allocationIp());\n'],
    ["import()", 'import("./maand.ts").then((maand) => console.log(maand.allocationIp()));\n'],
    [
      "import() that is awaited",
      'const { allocationIp } = await import("./maand.ts");\nconsole.log(allocationIp());\n',
    ],
  ])("can import the library through %s", async (_how, text) => {
    expect(await run("command_x.js", { "command_x.js": text })).toMatchObject({ exitCode: 0, output: ["10.0.0.1"] });
  });

  it("is the main module, and a file that it requires is not", async () => {
    const script = (name: string) => `console.log("${name}", require.main === module);\n`;
    const files = { "command_x.js": `require("./other");\n${script("script")}`, "other.js": script("other") };
    expect(await run("command_x.js", files)).toMatchObject({ exitCode: 0, output: ["other false", "script true"] });
  });
});

it("a script in TypeScript is compiled once for all runs in one directory", async () => {
  const files = { "command_x.ts": "const ip: string = process.env.ALLOCATION_IP ?? '';\nconsole.log(ip);\n" };
  expect(await run("command_x.ts", files)).toMatchObject({ exitCode: 0, output: ["10.0.0.1"] });
  const compiled = () =>
    readdirSync(join(place, "cache")).map((name) => [
      name,
      statSync(join(place, "cache", name), { bigint: true }).ctimeNs,
    ]);
  const before = compiled();
  expect(before.length).toBeGreaterThan(0);
  expect(await run("command_x.ts", files)).toMatchObject({ exitCode: 0, output: ["10.0.0.1"] });
  expect(compiled()).toEqual(before);
});
