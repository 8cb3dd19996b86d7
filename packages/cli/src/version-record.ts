import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { isMaandError, STORE_VERSION, sqliteVersion } from "@maand/core/readonly";
import { version } from "./version.ts";

/** The parts of a package.json that are read here. */
interface Manifest {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/**
 * The result of `maand --version --json`, for bug reports and inventories. This needs no bucket, and works without
 * SQLite.
 */
export function versionJson(): string {
  const { commit, modified } = buildRecord();
  const { sqlite, problem } = sqliteState();
  const record = {
    maand: version(),
    commit,
    modified,
    node: process.versions.node,
    node_path: process.execPath,
    platform: `${process.platform}-${process.arch}`,
    sqlite,
    store: STORE_VERSION,
    packages: packageVersions(),
    problem,
  };
  return JSON.stringify(record, undefined, 2);
}

/** The record that the build wrote about itself; unknown values are null. */
function buildRecord(): { readonly commit: string | null; readonly modified: boolean | null } {
  const file = new URL("../dist/build.json", import.meta.url);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { commit: null, modified: null };
}

function sqliteState() {
  try {
    return { sqlite: sqliteVersion(), problem: null };
  } catch (cause) {
    if (!isMaandError(cause)) throw cause;
    return { sqlite: null, problem: { code: cause.code, message: cause.message, hint: cause.hint ?? null } };
  }
}

/** The versions of the packages of maand. An installation with different versions is broken. */
function packageVersions(): Record<string, string | null> {
  const { dependencies = {} } = read(new URL("../package.json", import.meta.url));
  const names = Object.keys(dependencies).filter((name) => name.startsWith("@maand/"));
  return Object.fromEntries(["@maand/cli", ...names].map((name) => [name, installedVersion(name)]));
}

function installedVersion(name: string): string | null {
  if (name === "@maand/cli") return version();
  const directories = createRequire(import.meta.url).resolve.paths(name) ?? [];
  const file = directories.map((directory) => join(directory, name, "package.json")).find((path) => existsSync(path));
  return file === undefined ? null : read(file).version;
}

function read(file: string | URL): Manifest {
  return JSON.parse(readFileSync(file, "utf8"));
}
