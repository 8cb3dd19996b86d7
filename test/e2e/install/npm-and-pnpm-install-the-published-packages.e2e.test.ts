import { execFile } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { REPOSITORY } from "../../support/bucket/installation.ts";
import { type Registry, startRegistry } from "../../support/bucket/registry.ts";

/**
 * Runs the documented commands with a local registry of the packages of this repository. Third-party packages come from the
 * npm registry or npm's cache. Install scripts are skipped, as pnpm does, because they compile SQLite for minutes; the
 * native part of this repository is copied instead.
 */
const NATIVE = "build/Release/better_sqlite3.node";

let place: string;
let registry: Registry;

beforeAll(async () => {
  place = mkdtempSync(join(tmpdir(), "maand-install-"));
  registry = await startRegistry();
});

afterAll(async () => {
  await registry?.close();
  await rm(place, { recursive: true, force: true }); // takes long, because there are thousands of files
});

async function run(program: string, args: readonly string[], cwd: string): Promise<string> {
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined, CI: "true" };
  const { stdout, stderr } = await promisify(execFile)(program, args, { cwd, env, encoding: "utf8" });
  return stdout + stderr;
}

/** Runs the installed command, which may be a shell script. */
async function type(program: string, args: readonly string[], cwd: string) {
  const env = { PATH: process.env.PATH, HOME: cwd, LANG: "C.UTF-8" };
  return promisify(execFile)(program, args, { cwd, env }).then(
    (output) => ({ code: 0, ...output }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, stdout, stderr }),
  );
}

/**
 * Checks that a command reports the missing native part and names the directory in which to build it, and that maand works
 * with that part.
 */
async function expectWorks(program: string): Promise<void> {
  const cwd = mkdtempSync(join(place, "bucket-"));
  expect((await type(program, ["--version"], cwd)).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  const { code, stderr } = await type(program, ["init"], cwd);
  const [, directory = ""] =
    /^maand: better-sqlite3 cannot be loaded: its native part was not built when it was installed\n {2}hint: cd (\S+) && npm rebuild better-sqlite3\n$/.exec(
      stderr,
    ) ?? [];
  expect({ code, isHere: directory.startsWith(place) }, stderr).toEqual({ code: 1, isHere: true });

  const addon = join(directory, "node_modules/better-sqlite3", NATIVE);
  mkdirSync(join(addon, ".."), { recursive: true });
  cpSync(join(REPOSITORY, "node_modules/better-sqlite3", NATIVE), addon);
  expect(await type(program, ["init"], cwd)).toMatchObject({ code: 0, stderr: "" });
  writeFileSync(join(cwd, "workspace/workers.json"), '[{ "host": "127.0.0.11", "transport": "local" }]');
  expect(await type(program, ["job", "create", "api", "--selectors", "worker"], cwd)).toMatchObject({ code: 0 });
  expect(await type(program, ["deploy", "--build"], cwd)).toMatchObject({ code: 0 });
}

describe("maand works without the repository after", () => {
  it("npm install -g into an empty prefix", async () => {
    const prefix = join(place, "prefix");
    mkdirSync(prefix);
    const scope = `--@maand:registry=${registry.url}/`;
    const options = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"];
    const log = await run("npm", ["install", "-g", "--prefix", prefix, scope, ...options, "@maand/cli"], place);
    expect(log.trim()).toMatch(/^added \d+ packages in \S+$/);
    await expectWorks(join(prefix, "bin/maand"));
  });

  it("pnpm add, which skips install scripts", async () => {
    const project = join(place, "project");
    mkdirSync(project);
    writeFileSync(join(project, "package.json"), '{ "private": true }');
    writeFileSync(join(project, ".npmrc"), `@maand:registry=${registry.url}/\n`);
    const tools = join(place, "tools");
    mkdirSync(tools);
    const quiet = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"];
    await run("npm", ["install", "--prefix", tools, ...quiet, "pnpm@10.34.8"], place);
    const pnpm = join(tools, "node_modules/.bin/pnpm");
    const log = await run(pnpm, ["add", "--store-dir", join(place, "store"), "@maand/cli"], project);
    expect(log).toMatch(/Ignored build scripts: better-sqlite3@/);
    await expectWorks(join(project, "node_modules/.bin/maand"));
  });
});
