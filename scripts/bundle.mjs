// After tsc -b wrote the declarations: each package's modules as few files, so that a command spends its time on its work
// and not on opening some hundred modules. Packages stay apart, and share one @maand/core, as they do when installed.
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

const REPOSITORY = dirname(dirname(fileURLToPath(import.meta.url)));
/**
 * Packages of others that every command loads: small, without native code, and not shared between packages by identity. As part of
 * our files they load in a third of the time, since Node opens fewer files and compiles only what is used.
 */
const INLINED = ["ignore", "leven", "p-limit", "smol-toml", "tapable", "valibot", "yocto-queue"];
/** CommonJS packages: Node reads them twice to import them, the first time for the names of their exports. */
const REQUIRED = ["better-sqlite3", "clipanion", "clipanion/lib/advanced/index.js"];
const REQUIRE = "\0require:";
const RUNTIME = "rolldown-runtime.js";
const NOTICES = "third-party-licenses.txt";
/**
 * The parts of a package in the order in which a command loads them. What a part has in common with others is one file, unless an
 * earlier part has it too: a file costs a millisecond or two, however small it is.
 */
const FIRST = {
  cli: ["./src/main.ts", "./src/run/run-line.ts"],
  command: ["./src/unexpected.ts", "./src/index.ts"],
  core: ["./src/readonly.ts", "./src/internal.ts"],
};
/** What is started as a thread, beside the files of the package. */
const THREADS = { core: [["store-thread", "./src/store/team/pg/thread.ts"]] };
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
  doors.push(...(THREADS[basename(directory)] ?? []));
  const dir = join(directory, "dist");
  const entries = doors.map(([, source]) => join(directory, source));
  const first = FIRST[basename(directory)] ?? ["./src/commands/index.ts", "./src/index.ts"];
  const common = commonFiles(
    first.map((source) => join(directory, source)),
    entries,
  );
  const { output } = await build({
    cwd: directory,
    input: Object.fromEntries(doors),
    platform: "node",
    plugins: [{ name: "packages", resolveId, load }, common],
    output: {
      ...{ dir, format: "esm", sourcemap: true, entryFileNames: "[name].js", chunkFileNames: "[name].js" },
      comments: false,
      codeSplitting: { groups: common.groups },
    },
    logLevel: "warn",
  });
  const written = new Set(output.map(({ fileName }) => fileName));
  for (const file of readdirSync(dir, { recursive: true, encoding: "utf8" }))
    if (/\.js(\.map)?$/.test(file) && !written.has(file)) rmSync(join(dir, file));
  writeNotices(join(dir, NOTICES), new Set(output.flatMap(({ moduleIds = [] }) => moduleIds.flatMap(packageOf))));
}

/** Our own modules and what is inlined are part of the files. What is loaded with `import()` stays a package, which a configuration gets. */
function resolveId(id, _importer, { kind }) {
  const isOurs = id.startsWith(".") || id.startsWith("/");
  if (isOurs || (INLINED.includes(id) && kind !== "dynamic-import")) return undefined;
  if (REQUIRED.includes(id) && kind === "import-statement") return REQUIRE + id;
  return { id, external: true };
}

/** A module that requires a CommonJS package, and exports what that exports. */
function load(id) {
  if (!id.startsWith(REQUIRE)) return undefined;
  const name = id.slice(REQUIRE.length);
  const exports = Object.keys(createRequire(import.meta.url)(name)).filter(
    (key) => /^[A-Za-z_]\w*$/.test(key) && key !== "default",
  );
  return `import { createRequire } from "node:module";
const all = createRequire(import.meta.url)(${JSON.stringify(name)});
export default all;
export const { ${exports.join(", ")} } = all;`;
}

/** A plugin with the groups of modules that make one file: what `first` and other parts have in common, the first of them first. */
function commonFiles(first, entries) {
  const owners = new Map();
  const groups = first.map((start, at) => ({
    name: `${basename(start, ".ts")}-common`,
    priority: first.length - at,
    test: (module) => owners.get(module) === start,
  }));
  return {
    name: "common-files",
    groups,
    generateBundle,
    buildEnd() {
      const all = [...this.getModuleIds()].map((id) => this.getModuleInfo(id));
      const imports = new Map(all.map(({ id, importedIds }) => [id, importedIds]));
      const parts = new Set([...entries, ...all.flatMap(({ dynamicallyImportedIds }) => dynamicallyImportedIds)]);
      const uses = new Map();
      for (const part of parts)
        for (const module of reachedFrom(part, imports)) uses.set(module, (uses.get(module) ?? 0) + 1);
      for (const start of first)
        for (const module of reachedFrom(start, imports))
          if (uses.get(module) > 1 && !owners.has(module)) owners.set(module, start);
    },
  };
}

/** With groups, each file imports that of the bundler's helpers, whether it uses one or not. It has no other effect. */
function generateBundle(_, files) {
  if (files[RUNTIME]?.exports.length === 0) delete files[RUNTIME];
  const unused = new RegExp(`^import "\\.{1,2}/${RUNTIME}";$`, "m");
  for (const file of Object.values(files)) if (file.type === "chunk") file.code = file.code.replace(unused, "");
}

function reachedFrom(start, imports, reached = new Set()) {
  reached.add(start);
  for (const next of imports.get(start) ?? []) if (!reached.has(next)) reachedFrom(next, imports, reached);
  return reached;
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
