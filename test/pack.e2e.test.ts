import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { linesOf, localJob, RECORDING_MAKEFILE } from "./bucket/scratch.ts";

const REPOSITORY = fileURLToPath(new URL("..", import.meta.url));
const CLI = "@maand/cli";
const NATIVE = "node_modules/better-sqlite3/build/Release/better_sqlite3.node";

/** As much of a package.json as is looked at here. */
interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

const workspace = new Map(
  readdirSync(join(REPOSITORY, "packages"))
    .map((name) => join(REPOSITORY, "packages", name))
    .filter((directory) => existsSync(join(directory, "package.json")))
    .map((directory) => [manifestIn(directory).name, directory]),
);

const place = mkdtempSync(join(tmpdir(), "maand-pack-"));
const bucket = join(place, "bucket");
const packed = closureOf(CLI);

beforeAll(() => {
  const tarballs = pack(join(place, "tarballs"));
  writeFileSync(join(place, "package.json"), JSON.stringify({ private: true, overrides: versionsHere() }));
  npm("install", "--prefix", place, "--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", ...tarballs);
  // what npm would compile here was compiled already
  cpSync(join(REPOSITORY, NATIVE), join(place, NATIVE));
}, 240_000);

afterAll(() => rmSync(place, { recursive: true, force: true }));

describe("the packages, packed and installed somewhere else", () => {
  it("hold every file they promise, and neither sources nor tests", () => {
    for (const name of packed) {
      const directory = join(place, "node_modules", name);
      for (const path of promised(manifestIn(directory)))
        expect(existsSync(join(directory, path)), `${name} ${path}`).toBe(true);
      const files = readdirSync(directory, { recursive: true, encoding: "utf8" });
      expect(files.filter((path) => /^src(\/|$)|\.test\.|\.tsbuildinfo$|\.map$/.test(path))).toEqual([]);
    }
  });

  it("come from nowhere else, and need nothing undeclared to be opened", () => {
    for (const name of packed.filter((entry) => entry !== CLI)) {
      for (const door of Object.keys(manifestIn(join(place, "node_modules", name)).exports)) {
        if (door.endsWith(".json")) continue;
        const module = `${name}${door.slice(1)}`;
        const script = `await import("${module}"); console.log(import.meta.resolve("${module}"))`;
        expect(run(process.execPath, ["--input-type=module", "-e", script], place)).toContain(place);
      }
    }
  });

  it("make a bucket, build it and deploy it", () => {
    mkdirSync(bucket);
    expect(maand("--version")).toMatch(/^\d+\.\d+\.\d+\n$/);
    maand("init");
    maand("job", "create", "api", "--selectors", "worker");
    writeFileSync(join(bucket, "workspace/jobs/api/Makefile"), RECORDING_MAKEFILE);
    const workers = ["127.0.0.11", "127.0.0.12"].map((host) => ({ host, transport: "local", labels: ["worker"] }));
    writeFileSync(join(bucket, "workspace/workers.json"), JSON.stringify(workers));
    maand("build");
    maand("deploy");
    for (const { host } of workers)
      expect(linesOf(join(localJob({ root: bucket }, host, "api") ?? "", "data/lifecycle"))).toEqual([
        "start 0.0.0 1.0.0",
      ]);
  });
});

/** A package and all it needs of this repository. */
function closureOf(name: string, found: string[] = []): string[] {
  const directory = workspace.get(name);
  if (directory === undefined || found.includes(name)) return found;
  found.push(name);
  for (const needed of needs(manifestIn(directory))) closureOf(needed, found);
  return found;
}

function needs({ dependencies = {}, peerDependencies = {} }: Manifest): string[] {
  return [...Object.keys(dependencies), ...Object.keys(peerDependencies)];
}

function pack(destination: string): string[] {
  mkdirSync(destination);
  const chosen = packed.flatMap((name) => ["--workspace", name]);
  npm("pack", "--prefix", REPOSITORY, "--ignore-scripts", "--pack-destination", destination, ...chosen);
  return readdirSync(destination).map((file) => join(destination, file));
}

/** The versions of other people's packages that are installed here, so that npm finds them in its cache. */
function versionsHere(): Record<string, string> {
  const names = packed.flatMap((name) => needs(manifestIn(workspace.get(name) ?? "")));
  const others = names.filter((name) => !workspace.has(name));
  return Object.fromEntries(
    others.map((name) => {
      const { version }: { version: string } = JSON.parse(
        readFileSync(join(REPOSITORY, "node_modules", name, "package.json"), "utf8"),
      );
      return [name, version];
    }),
  );
}

/** Every file a package's `bin` and `exports` lead to; `source` is for this repository only. */
function promised({ bin = {}, exports }: Manifest): string[] {
  const doors = Object.values(exports).flatMap((door) =>
    typeof door === "string"
      ? [door]
      : Object.entries(door)
          .filter(([condition]) => condition !== "source")
          .map(([, path]) => path),
  );
  return [...Object.values(bin), ...doors];
}

function manifestIn(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
}

function maand(...args: readonly string[]): string {
  return run(join(place, "node_modules/.bin/maand"), args, bucket);
}

function npm(...args: readonly string[]): string {
  return run("npm", args, place);
}

/** Runs a program to its end; if it fails, the error holds what it said. */
function run(program: string, args: readonly string[], cwd: string): string {
  return execFileSync(program, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
