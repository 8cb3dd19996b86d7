import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { tarballs } from "./packed-once.ts";

export const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));
const NATIVE = "node_modules/better-sqlite3/build/Release/better_sqlite3.node";

/** The fields of a package.json that are used here. */
export interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
}

/** A new directory in which packages of this repository are installed from their tarballs. */
export interface Installation {
  readonly place: string;
  /** Names of the packed packages: the requested ones and their dependencies in this repository. */
  readonly packed: readonly string[];
  /** The installed `maand` command. */
  readonly program: string;
  dispose(): void;
}

/** The directory of each package of this repository. */
const workspace = new Map(
  ["packages", "plugins-examples"]
    .flatMap((folder) => readdirSync(join(REPOSITORY, folder)).map((name) => join(REPOSITORY, folder, name)))
    .filter((directory) => existsSync(join(directory, "package.json")))
    .map((directory) => [manifestIn(directory).name, directory]),
);

/**
 * Packs packages as for publishing, and installs the tarballs. Third-party packages are installed in the version that
 * this repository uses. Compiles nothing and downloads little.
 */
export function install(...names: readonly string[]): Installation {
  const place = mkdtempSync(join(tmpdir(), "maand-pack-"));
  const packed = names.reduce<string[]>((found, name) => closureOf(name, found), []);
  const all = tarballs();
  const files = packed.flatMap((name) => all.get(name) ?? []);
  const others = names.filter((name) => !workspace.has(name)).map((name) => `${name}@${versionHere(name)}`);
  writeFileSync(join(place, "package.json"), JSON.stringify({ private: true, overrides: versionsHere(packed) }));
  const quietly = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund"];
  run("npm", ["install", "--prefix", place, ...quietly, ...files, ...others], place);
  // copies the native parts, which npm would otherwise compile here
  cpSync(join(REPOSITORY, NATIVE), join(place, NATIVE));
  return {
    place,
    packed,
    program: join(place, "node_modules/.bin/maand"),
    dispose: () => rmSync(place, { recursive: true, force: true }),
  };
}

/** Names of the packages in a directory of this repository. */
export function packagesIn(folder: "packages" | "plugins-examples"): string[] {
  return [...workspace].filter(([, directory]) => directory.startsWith(join(REPOSITORY, folder))).map(([name]) => name);
}

export function manifestIn(directory: string): Manifest {
  return JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
}

/** Runs a program to its end, without colours. If it fails, the error contains its output. */
export function run(program: string, args: readonly string[], cwd: string): string {
  // vitest sets FORCE_COLOR for its workers on a terminal
  const env = { ...process.env, NO_COLOR: "1", FORCE_COLOR: undefined };
  return execFileSync(program, args, { cwd, env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** A package and its dependencies in this repository. */
function closureOf(name: string, found: string[]): string[] {
  const directory = workspace.get(name);
  if (directory === undefined || found.includes(name)) return found;
  found.push(name);
  for (const needed of needs(manifestIn(directory))) closureOf(needed, found);
  return found;
}

function needs({ dependencies = {}, peerDependencies = {} }: Manifest): string[] {
  return [...Object.keys(dependencies), ...Object.keys(peerDependencies)];
}

/** The versions of third-party packages that are installed here, so that npm finds them in its cache. */
function versionsHere(packed: readonly string[]): Record<string, string> {
  const names = packed.flatMap((name) => needs(manifestIn(workspace.get(name) ?? "")));
  const others = names.filter((name) => !workspace.has(name));
  return Object.fromEntries(others.map((name) => [name, versionHere(name)]));
}

function versionHere(name: string): string {
  const { version }: { version: string } = JSON.parse(
    readFileSync(join(REPOSITORY, "node_modules", name, "package.json"), "utf8"),
  );
  return version;
}
