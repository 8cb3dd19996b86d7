// Bundles each package into a few files, because opening some hundred modules would slow down every command. Runs after
// tsc -b, which writes the declarations. Packages stay separate and share one @maand/core, as in an installation.
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { basename, dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";
import { buildApp } from "../packages/plugin-ui/scripts/build-app.mjs";
import { shipBook } from "./book/ship.mjs";
import { bundleForeign } from "./bundle/foreign.mjs";
import { NOTICES, writeNotices } from "./bundle/notices.mjs";
import { asProgram, PROGRAM, programFile } from "./bundle/program.mjs";

const REPOSITORY = dirname(dirname(fileURLToPath(import.meta.url)));
/**
 * Third-party packages that every command loads: small, without native code, and without objects that packages compare
 * by identity. When bundled, they load in a third of the time, because Node opens fewer files and compiles only the
 * code that is used.
 */
const INLINED = [
  "fast-string-truncated-width",
  "ignore",
  "leven",
  "p-limit",
  "smol-toml",
  "marked",
  "tapable",
  "valibot",
  "yocto-queue",
];
/**
 * CommonJS packages, which are loaded with require(): an import makes Node read such a package twice, first for the
 * names of its exports.
 */
const REQUIRED = ["better-sqlite3", "clipanion", "clipanion/lib/advanced/index.js"];
const REQUIRE = "\0require:";
const RUNTIME = "rolldown-runtime.js";
/**
 * The parts of a package in the order in which a command loads them. All modules that a part shares with other parts go
 * into one file, because each file costs a millisecond or two, even a small one. A module that several parts share goes
 * into the file of the first of these parts. `every` selects the modules that all of the named parts use. `some`
 * selects the modules that at least one of them uses.
 */
const FIRST = {
  cli: ["./src/main.ts", "./src/run/run-line.ts", "./src/defaults.ts"],
  command: ["./src/unexpected.ts", "./src/index.ts"],
  core: [
    { every: ["./src/readonly.ts", "./src/index.ts"], name: "shared" },
    "./src/readonly.ts",
    { some: ["./src/index.ts", "./src/toolbox.ts"], name: "plugin" },
    "./src/internal.ts",
  ],
};
/**
 * The stock plugins, and the libraries that only plugins and commands use, are bundled into the command: as separate
 * packages, they would take three times as long to load. An `import()` of one of them, as in a configuration, returns
 * the same module.
 */
const PARTS = { cli: /^@maand\/(plugin-|gotemplate$|saved-plans$)/ };
/** Entry points of threads. */
const THREADS = { core: [["store-thread", "./src/store/team/pg/thread-entry.ts"]] };
/** The web page of `maand ui`, which is built separately. */
const PAGE = "app/";
const COMMAND = { source: "./src/main.ts", built: "./dist/main.js" };

await Promise.all([...packagesIn("packages", "plugins-examples").map(bundle), buildApp()]);
await finishProgram(join(REPOSITORY, "packages/cli/dist"));
writeFileSync(join(REPOSITORY, "packages/cli/dist/build.json"), `${JSON.stringify(builtFrom())}\n`);

/**
 * The commit for `maand --version --json`; null outside of this repository's own checkout, for example in an unpacked
 * archive.
 */
function builtFrom() {
  const git = (...args) =>
    execFileSync("git", ["-C", REPOSITORY, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  try {
    if (git("rev-parse", "--show-prefix") !== "") return { commit: null, modified: null };
    return { commit: git("rev-parse", "HEAD"), modified: git("status", "--porcelain", "--untracked-files=no") !== "" };
  } catch {
    return { commit: null, modified: null };
  }
}
shipBook(join(REPOSITORY, "packages/cli/dist/book"));

/**
 * Writes the files that the command loads in place of third-party packages, and creates the directory for its compiled
 * code.
 */
async function finishProgram(dist) {
  const modules = await bundleForeign(join(dist, "foreign"));
  writeNotices(join(dist, "foreign", NOTICES), modules);
  mkdirSync(join(dist, "compiled"), { recursive: true, mode: 0o755 });
}

/** Directories of the packages that have entry points with a source. */
function packagesIn(...folders) {
  return folders
    .flatMap((folder) => readdirSync(join(REPOSITORY, folder)).map((name) => join(REPOSITORY, folder, name)))
    .filter((directory) => existsSync(join(directory, "package.json")) && entryPointsOf(directory).length > 0);
}

/** The entry points of a package: its exports that have a source, and the program that bin/ loads. */
function entryPointsOf(directory) {
  const { exports = {}, bin } = manifestOf(directory);
  const entryPoints = Object.entries(exports).filter(
    ([, entryPoint]) => typeof entryPoint === "object" && entryPoint.source,
  );
  return [
    ...entryPoints.map(([entryPoint, { source, default: built }]) => ({ entryPoint, source, built })),
    ...(bin ? [COMMAND] : []),
  ];
}

function manifestOf(directory) {
  return JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
}

async function bundle(directory) {
  const isProgram = PROGRAM.includes(basename(directory));
  const extension = isProgram ? "cjs" : "js";
  const entryPoints = entryPointsOf(directory).map(({ source, built }) => [
    posix.relative("dist", built).replace(/\.js$/, ""),
    source,
  ]);
  entryPoints.push(...(THREADS[basename(directory)] ?? []));
  const dir = join(directory, "dist");
  const entries = entryPoints.map(([, source]) => join(directory, source));
  const first = FIRST[basename(directory)] ?? ["./src/commands/index.ts", "./src/index.ts"];
  const common = commonFiles(
    first.map((part) => groupOf(directory, part)),
    entries,
  );
  const { output } = await build({
    cwd: directory,
    input: Object.fromEntries(entryPoints),
    platform: "node",
    plugins: [
      {
        name: "packages",
        resolveId: (...given) =>
          partOf(directory, given[0]) ?? (isProgram ? ofProgram(...given) : undefined) ?? resolveId(...given),
        load,
        transform: (code, id) => fromPackage(directory, code, id),
      },
      common,
      ...(isProgram ? [asProgram(manifestOf(directory), entryPointsOf(directory))] : []),
    ],
    output: {
      ...{ dir, format: isProgram ? "cjs" : "esm", sourcemap: true },
      ...{ entryFileNames: `[name].${extension}`, chunkFileNames: `[name].${extension}` },
      comments: false,
      codeSplitting: { groups: common.groups },
    },
    logLevel: "warn",
    checks: { ineffectiveDynamicImport: false, pluginTimings: false },
  });
  refuseUnnamed(directory, output);
  const written = new Set(output.map(({ fileName }) => fileName));
  for (const file of readdirSync(dir, { recursive: true, encoding: "utf8" }))
    if (/\.c?js(\.map)?$/.test(file) && !written.has(file) && !file.startsWith(PAGE)) rmSync(join(dir, file));
  writeNotices(
    join(dir, NOTICES),
    output.flatMap(({ moduleIds = [] }) => moduleIds),
  );
}

/**
 * Bundles our own modules and the inlined packages. A package that is loaded with `import()` stays separate, for
 * configurations.
 */
function resolveId(id, _importer, { kind }) {
  const isOurs = id.startsWith(".") || id.startsWith("/");
  if (isOurs || (INLINED.includes(id) && kind !== "dynamic-import")) return undefined;
  if (REQUIRED.includes(id) && kind === "import-statement") return REQUIRE + id;
  return { id, external: true };
}

/** Resolves an import of another package of the program to its CommonJS file, which stays external. */
function ofProgram(id, _importer, { kind }) {
  const file = programFile(id, (name) => entryPointsOf(join(REPOSITORY, "packages", basename(name))));
  if (file !== undefined) return { id: file, external: true };
  // the file that clipanion's package.json names for require()
  const required = id.replace(/^clipanion\/lib\/advanced\/index\.js$/, "clipanion");
  return REQUIRED.includes(required) && kind === "import-statement" ? { id: required, external: true } : undefined;
}

/** The source of a package that is bundled into another package. */
function partOf(directory, id) {
  if (!PARTS[basename(directory)]?.test(id)) return undefined;
  const [, name, entryPoint = ""] = /^(@maand\/[^/]+)(\/.+)?$/.exec(id);
  const inside = join(REPOSITORY, "packages", basename(name));
  const { exports } = JSON.parse(readFileSync(join(inside, "package.json"), "utf8"));
  return join(inside, exports[`.${entryPoint}`].source);
}

/**
 * Makes a package that is bundled into another package read its own files from its own directory, wherever that package
 * is installed.
 */
function fromPackage(directory, code, id) {
  const [, own] = /^.*\/packages\/([^/]+)\/src\//.exec(id) ?? [];
  if (own === undefined || own === basename(directory)) return undefined;
  const moved = code.replace(/(new URL\(["`])\.\.(\/[^,]+), import\.meta\.url\)/g, "$1.$2, packageUrl())");
  if (moved.includes("import.meta.url"))
    throw new Error(`${id} uses import.meta.url in a way that breaks when the module is bundled into another package`);
  if (moved === code) return undefined;
  const found = `import { createRequire as requireFrom } from "node:module";
import { pathToFileURL as urlOf } from "node:url";
const packageUrl = () => urlOf(requireFrom(import.meta.url).resolve("@maand/${own}/package.json"));
`;
  return { code: found + moved, map: null };
}

/** Generates a module that requires a CommonJS package and re-exports its exports. */
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

/** A group of modules: its name, the parts it starts from, and a test of whether a module belongs to it. */
function groupOf(directory, part) {
  const { every, some, name } = typeof part === "string" ? { some: [part], name: basename(part, ".ts") } : part;
  const starts = (every ?? some).map((source) => join(directory, source));
  const has = (module, reached) => starts[every ? "every" : "some"]((start) => reached(start).has(module));
  return { name: `${name}-common`, starts, has };
}

/**
 * A bundler plugin that puts the modules that a part in `first` shares with other parts into one file. Earlier parts
 * take precedence.
 */
function commonFiles(first, entries) {
  const owners = new Map();
  const groups = first.map((group, at) => ({
    name: group.name,
    priority: first.length - at,
    test: (module) => owners.get(module) === group,
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
      const memo = new Map();
      const reached = (start) => memo.get(start) ?? memo.set(start, reachedFrom(start, imports)).get(start);
      for (const group of first)
        for (const [module, count] of uses)
          if (count > 1 && !owners.has(module) && group.has(module, reached)) owners.set(module, group);
    },
  };
}

/**
 * Removes unused imports of the bundler's helpers. When modules are grouped, the bundler adds such an import to each
 * file.
 */
function generateBundle(_, files) {
  if (files[RUNTIME]?.exports.length === 0) delete files[RUNTIME];
  const unused = new RegExp(`^import "\\.{1,2}/${RUNTIME}";$`, "m");
  for (const file of Object.values(files)) if (file.type === "chunk") file.code = file.code.replace(unused, "");
}

/**
 * Refuses a package that imports another package without declaring it as a dependency. Such an import works only in
 * this repository.
 */
function refuseUnnamed(directory, files) {
  const {
    name,
    dependencies = {},
    peerDependencies = {},
  } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  const named = new Set([name, ...Object.keys(dependencies), ...Object.keys(peerDependencies)]);
  const imported = files.flatMap(({ imports = [], dynamicImports = [] }) => [...imports, ...dynamicImports]);
  const required = files.flatMap(({ moduleIds = [] }) => moduleIds.filter((id) => id.startsWith(REQUIRE)));
  const packages = [...imported, ...required.map((id) => id.slice(REQUIRE.length))]
    .filter((id) => !/^(node:|\.|(?!@maand\/).*\.c?js$)/.test(id) && !isBuiltin(id))
    .map((id) => /^(?:@[^/]+\/)?[^/]+/.exec(id)[0]);
  const missing = [...new Set(packages)].filter((id) => !named.has(id));
  if (missing.length > 0) throw new Error(`${name} imports ${missing.join(", ")}: add it to its dependencies`);
}

function reachedFrom(start, imports, reached = new Set()) {
  reached.add(start);
  for (const next of imports.get(start) ?? []) if (!reached.has(next)) reachedFrom(next, imports, reached);
  return reached;
}
