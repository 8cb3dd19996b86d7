// Collects all parts of an installation of @maand/cli: our packages as published, and the third-party packages that
// they need, with the versions and native parts that are installed here. Downloads and compiles nothing.
import { execFileSync } from "node:child_process";
import { cpSync, existsSync, lstatSync, mkdirSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

export const REPOSITORY = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const COMMAND = "@maand/cli";

/** npm test leaves this file if it compiled SQLite quickly instead of for speed (scripts/setup.sh). */
const FAST_COMPILE = join(REPOSITORY, "node_modules/better-sqlite3/build/fast-compile");

/** Files of packages that no program reads: sources and build files of native parts, tests, source maps. */
const UNUSED = {
  "better-sqlite3": /^(deps|src|binding\.gyp|build\/(?!Release$|Release\/better_sqlite3\.node$).*)$/,
  ssh2: /^(examples|lib\/protocol\/crypto\/(src|binding\.gyp|build\/(?!Release$|Release\/sshcrypto\.node$).*))$/,
};
const UNUSED_ANYWHERE = /(^|\/)(node_modules|tests?|\.github|\.bin)$|\.map$/;

/** Copies the closure of the command into `<target>/node_modules`. */
export function copyClosure(target) {
  if (existsSync(FAST_COMPILE))
    console.error(
      "SQLite was compiled by npm test, and is about 5% slower; before a release, run: npm rebuild better-sqlite3",
    );
  const found = closureOf();
  for (const { name, directory, place } of found.filter(({ directory }) => !isOurs(directory)))
    copyForeign(name, directory, join(target, place));
  const ours = found.filter(({ directory }) => isOurs(directory));
  for (const { name, files } of packedFiles(ours.map(({ name }) => name)))
    for (const { path } of files)
      copyFile(join(ours.find((one) => one.name === name).directory, path), join(target, "node_modules", name, path));
}

export function manifestIn(directory) {
  return JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
}

/** All packages that the command needs, each with the path in the repository where Node finds it. */
function closureOf() {
  const found = new Map();
  const waiting = [{ name: COMMAND, from: REPOSITORY }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const place = placeOf(next.name, next.from);
    if (found.has(place)) continue;
    const directory = realpathSync(join(REPOSITORY, place));
    found.set(place, { name: next.name, directory, place });
    const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = manifestIn(directory);
    const peers = Object.keys(peerDependencies).filter((name) => !peerDependenciesMeta[name]?.optional);
    for (const name of [...Object.keys(dependencies), ...peers]) waiting.push({ name, from: directory });
  }
  return [...found.values()];
}

/** Searches for a package as Node does, in this directory and its parents. */
function placeOf(name, from) {
  for (let at = from; at.startsWith(REPOSITORY); at = dirname(at)) {
    const directory = join(at, "node_modules", name);
    if (existsSync(join(directory, "package.json"))) return relative(REPOSITORY, directory);
  }
  throw new Error(`${name} is not installed: run npm ci`);
}

function isOurs(directory) {
  return !relative(REPOSITORY, directory).startsWith("node_modules");
}

/** The files that npm would publish. */
function packedFiles(names) {
  const workspaces = names.flatMap((name) => ["--workspace", name]);
  const args = ["pack", "--json", "--dry-run", "--ignore-scripts", ...workspaces];
  return JSON.parse(
    execFileSync("npm", args, {
      cwd: REPOSITORY,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 2 ** 26,
    }),
  );
}

function copyForeign(name, from, to) {
  const filter = (path) => {
    const inside = relative(from, path);
    return inside === "" || !(UNUSED_ANYWHERE.test(inside) || UNUSED[name]?.test(inside));
  };
  cpSync(from, to, { recursive: true, dereference: true, filter });
}

function copyFile(from, to) {
  if (!lstatSync(from).isFile()) throw new Error(`${basename(from)} is not a file`);
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
}
