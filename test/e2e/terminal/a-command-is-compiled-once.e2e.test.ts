import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type CopiedProgram, copiedProgram } from "../../support/bucket/copied-program.ts";
import { maand } from "../../support/bucket/maand.ts";

const PRELOAD = fileURLToPath(new URL("../../support/bucket/compiled-scripts.mjs", import.meta.url));
const SOMEBODY_ELSE = 4711;

interface Compiled {
  readonly name: string;
  readonly isKept: boolean;
}

let copy: CopiedProgram;
let homes = 0;
let home: string;

beforeAll(() => {
  copy = copiedProgram();
});
afterAll(() => copy?.dispose());
beforeEach(() => {
  homes += 1;
  home = join(copy.root, `home${homes}`);
  mkdirSync(home, { mode: 0o700 });
});

/** Runs the program, and returns the files that it compiled. */
async function compiledBy(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const file = join(home, "compiled.json");
  const all = { HOME: home, MAAND_TEST_COMPILED_FILE: file, ...env };
  const { code, stderr } = await maand(args, { cwd: home, program: copy.program, preload: [PRELOAD], env: all });
  expect([code, stderr]).toEqual([0, ""]);
  const files: readonly Compiled[] = JSON.parse(readFileSync(file, "utf8"));
  return { files, anew: files.filter(({ isKept }) => !isKept).map(({ name }) => name) };
}

const cache = () => join(home, ".cache/maand");
const programs = () => join(cache(), "programs");
/** The file with the cached code of a command. */
function packOf(command: string): string {
  const [directory = "none"] = readdirSync(programs());
  return join(programs(), directory, command);
}

describe("maand --version", () => {
  it("loads no file of the program", async () => {
    expect((await compiledBy(["--version"])).files).toEqual([]);
  });

  it("loads only four files of the program to report that the output cannot be written", async () => {
    const { files } = await compiledBy(["-v", "--json"]);
    expect(files.map(({ name }) => name)).toContain("cli/dist/main.cjs");
  });
});

describe("the second run of a command", () => {
  it("compiles no file of the program", async () => {
    const first = await compiledBy(["schema", "manifest"]);
    expect(first.anew).toHaveLength(first.files.length);
    expect((await compiledBy(["schema", "manifest"])).anew).toEqual([]);
  });

  it("compiles only files that have changed since the first run", async () => {
    await compiledBy(["schema", "manifest"]);
    appendFileSync(join(copy.root, "node_modules/@maand/command/dist/index.cjs"), " ");
    expect((await compiledBy(["schema", "manifest"])).anew).toEqual(["command/dist/index.cjs"]);
    expect((await compiledBy(["schema", "manifest"])).anew).toEqual([]);
  });

  it("compiles everything if the cached file is truncated, and writes it again", async () => {
    const { files } = await compiledBy(["schema", "manifest"]);
    truncateSync(packOf("schema"), 20_000);
    expect((await compiledBy(["schema", "manifest"])).anew).toHaveLength(files.length);
    expect((await compiledBy(["schema", "manifest"])).anew).toEqual([]);
  });

  it("keeps the cached code of files that only other runs of the command loaded", async () => {
    await compiledBy(["schema", "manifest"]);
    await compiledBy(["schema", "--help"]);
    expect((await compiledBy(["schema", "manifest"])).anew).toEqual([]);
  });
});

describe("the cache of compiled code is not used", () => {
  it.each([
    ["in a home directory of another user", () => chownSync(home, SOMEBODY_ELSE, SOMEBODY_ELSE)],
    ["in a directory of another user", () => chownSync(cache(), SOMEBODY_ELSE, SOMEBODY_ELSE)],
    ["in a directory that others can write", () => chmodSync(cache(), 0o777)],
  ])("%s", async (_, change) => {
    const { files } = await compiledBy(["schema", "manifest"]);
    change();
    expect((await compiledBy(["schema", "manifest"])).anew).toHaveLength(files.length);
  });

  it("with NODE_DISABLE_COMPILE_CACHE", async () => {
    const { files } = await compiledBy(["schema", "manifest"]);
    const again = await compiledBy(["schema", "manifest"], { NODE_DISABLE_COMPILE_CACHE: "1" });
    expect(again.anew).toHaveLength(files.length);
  });
});

it("the cache of compiled code is private to the user", async () => {
  await compiledBy(["schema", "manifest"]);
  expect([statSync(packOf("schema")).mode & 0o777, statSync(programs()).mode & 0o777]).toEqual([0o600, 0o700]);
});
