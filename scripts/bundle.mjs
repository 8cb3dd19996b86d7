// After tsc -b wrote the declarations: each package's modules as few files, so that a command spends its time on its work
// and not on opening some hundred modules. Packages stay apart, and share one @maand/core, as they do when installed.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

const REPOSITORY = dirname(dirname(fileURLToPath(import.meta.url)));
/**
 * Packages of others that every command loads: small, without native code, and not shared between packages by identity. As part of
 * our files they load in a third of the time, since Node opens fewer files and compiles only what is used.
 */
const INLINED = ["ignore", "leven", "p-limit", "smol-toml", "tapable", "valibot", "yocto-queue"];
const NOTICES = "third-party-licenses.txt";
const COMMAND = { source: "./src/main.ts", built: "./dist/main.js" };

await Promise.all(packagesIn("packages", "plugins-examples").map(bundle));

/** Directories of packages whose doors name a source. */
function packagesIn(...folders) {
  return folders
    .flatMap((folder) => readdirSync(join(REPOSITORY, folder)).map((name) => join(REPOSITORY, folder, name)))
    .filter((directory) => existsSync(join(directory, "package.json")) && doorsOf(directory).length > 0);
}

/** What is opened from outside: the exports that have a source, and what the command in bin/ opens. */
function doorsOf(directory) {
  const { exports = {}, bin } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  const doors = Object.values(exports).flatMap((door) => (typeof door === "object" && door.source ? [door] : []));
  return [...doors.map(({ source, default: built }) => ({ source, built })), ...(bin ? [COMMAND] : [])];
}

async function bundle(directory) {
  const doors = doorsOf(directory).map(({ source, built }) => [
    posix.relative("dist", built).replace(/\.js$/, ""),
    source,
  ]);
  const dir = join(directory, "dist");
  const { output } = await build({
    cwd: directory,
    input: Object.fromEntries(doors),
    platform: "node",
    plugins: [{ name: "packages", resolveId }],
    output: {
      ...{ dir, format: "esm", sourcemap: true, entryFileNames: "[name].js", chunkFileNames: "[name].js" },
      comments: false,
    },
    logLevel: "warn",
  });
  const written = new Set(output.map(({ fileName }) => fileName));
  for (const file of readdirSync(dir, { recursive: true, encoding: "utf8" }))
    if (/\.js(\.map)?$/.test(file) && !written.has(file)) rmSync(join(dir, file));
  writeNotices(join(dir, NOTICES), new Set(output.flatMap(({ moduleIds = [] }) => moduleIds.flatMap(packageOf))));
}

/** Our own modules and what is inlined are part of the files. What is loaded with `import()` stays a package, which a configuration gets. */
function resolveId(id, importer, { kind }) {
  const isOurs = id.startsWith(".") || id.startsWith("/");
  if (isOurs || (INLINED.includes(id) && kind !== "dynamic-import")) return undefined;
  return { id, external: true };
}

/** The directory of the package of others that a module belongs to, if it does. */
function packageOf(module) {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(module)?.slice(0, 1) ?? [];
}

/** The licenses of what is part of our files. */
function writeNotices(file, packages) {
  const texts = [...packages].sort().map((directory) => {
    const { name, version, license } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
    const text = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
    return `${name} ${version} (${license})\n\n${text ? readFileSync(join(directory, text), "utf8").trim() : ""}\n`;
  });
  if (texts.length > 0) writeFileSync(file, texts.join(`\n${"-".repeat(80)}\n\n`));
  else rmSync(file, { force: true });
}
