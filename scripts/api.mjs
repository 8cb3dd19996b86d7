// npm run api: writes the public API of each package to <package>.api.md in its directory, and the contexts of taps to
// docs/plugins/contexts.md. With --check, it writes nothing and fails if a page is out of date.
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chapters } from "./book/chapters.mjs";
import { withNavigation } from "./book/navigation.mjs";
import { contextsPage } from "./contexts.mjs";

const REPOSITORY = dirname(dirname(fileURLToPath(import.meta.url)));

/** Entry points without a stability guarantee; docs/plugins/stability.md lists them. */
const UNSTABLE = /\/(internal|operator|readonly|toolbox|unexpected|layout|on-workers|stored|saved-plans)$/;

const modules = new Map();

const stale = [];
for (const directory of packages()) settle(join(directory, `${basename(directory)}.api.md`), reportOf(directory));
const core = join(REPOSITORY, "packages/core/src/plugin-api");
const texts = (pattern) =>
  readdirSync(core, { recursive: true, encoding: "utf8" })
    .sort()
    .filter((file) => pattern.test(basename(file)))
    .map((file) => readFileSync(join(core, file), "utf8"))
    .join("\n");
const contexts = contextsPage(
  texts(/^hooks\.ts$/),
  texts(/^((base-)?contexts|scope|kv|action-step|[\w-]+-context)\.ts$/),
);
const book = chapters();
const place = book.findIndex(({ path }) => path === "docs/plugins/contexts.md");
settle(join(REPOSITORY, "docs/plugins/contexts.md"), withNavigation(contexts, book, place));
if (process.argv.includes("--check") && stale.length > 0) {
  console.error(`the public API differs from ${stale.join(", ")}\nif you meant to change it, run: npm run api`);
  process.exitCode = 1;
} else for (const path of stale) console.log(`wrote ${path}`);

/** Writes a page that is out of date. With --check, only records it. */
function settle(path, text) {
  if (existsSync(path) && readFileSync(path, "utf8") === text) return;
  stale.push(relative(REPOSITORY, path));
  if (!process.argv.includes("--check")) writeFileSync(path, text);
}

function packages() {
  const folder = join(REPOSITORY, "packages");
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .filter((directory) => existsSync(join(directory, "package.json")));
}

function reportOf(directory) {
  const { name, exports } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  const entryPoints = Object.entries(exports).filter(
    ([, entryPoint]) => typeof entryPoint === "object" && entryPoint.types,
  );
  // a name that several entry points export is described once, in the first of them: entry points for plugins come
  // first
  const opened = entryPoints
    .map(([entryPoint, { types }]) => ({ title: name + entryPoint.slice(1), file: resolve(directory, types) }))
    .sort((one, other) => Number(other.title.endsWith("/plugin")) - Number(one.title.endsWith("/plugin")));
  const shown = new Map();
  const elsewhere = new Set(opened.flatMap(({ file }) => [...exportsOf(file).values()].map(key)));
  const parts = opened.flatMap(({ title, file }) => entryPointLines(title, file, elsewhere, shown));
  const hooks = name === "@maand/core" ? hookLines(join(directory, "src/plugin-api/hooks.ts")) : [];
  const head = [
    ...[
      `# API of ${name}`,
      "",
      "`npm run api` generates this page from the declarations. A change here affects users of the package. Each name has a",
    ],
    "stability level, which [Stability](../../docs/plugins/stability.md) explains.",
  ];
  return `${[...head, ...hooks, ...parts].join("\n")}\n`;
}

/**
 * The section of one entry point: its exports, and the types that they use but that no entry point of the package
 * exports.
 */
function entryPointLines(title, file, elsewhere, shown) {
  const exported = exportsOf(file);
  const names = [...exported.keys()].sort();
  const again = names.filter((name) => shown.has(key(exported.get(name))));
  const behind = reachedFrom([...exported.values()]).filter((one) => !elsewhere.has(key(one)));
  for (const name of names) if (!again.includes(name)) shown.set(key(exported.get(name)), title);
  return [
    ...["", `## ${title}`, "", "```typescript"],
    ...againLines(again, exported, shown),
    ...names
      .filter((name) => !again.includes(name))
      .map((name) => `// ${levelOf(exported.get(name), UNSTABLE.test(title))}\n${declared(exported.get(name), name)}`),
    ...(behind.length > 0
      ? ["", "// types that the exports above use, and that are not exported", ...textsOf(behind)]
      : []),
    "```",
  ];
}

/** The names that earlier sections describe, grouped by the entry point of each section. */
function againLines(names, exported, shown) {
  const places = new Set(names.map((name) => shown.get(key(exported.get(name)))));
  return [...places].flatMap((place) => [
    `// as in ${place}:`,
    ...names.filter((name) => shown.get(key(exported.get(name))) === place).map((name) => `//   ${name}`),
  ]);
}

/** The stability level of an export: the level in its comment, otherwise the level of the entry point. */
function levelOf({ file, name }, isUnstable) {
  const comment = moduleOf(file).comments.get(name) ?? "";
  return tagIn(comment) ?? (isUnstable ? "unstable" : "stable");
}

function tagIn(comment) {
  return /@(experimental|deprecated)\b/.exec(comment)?.[1];
}

/** The table of all hooks and their former names, with stability levels. */
function hookLines(path) {
  const declared = [...readFileSync(path, "utf8").matchAll(/^ {4}\/\*\*\s+(.*?) \*\/\s+(\w+): new /gms)];
  const renamed = readFileSync(join(dirname(path), "tapping/renamed-hooks.ts"), "utf8").matchAll(
    /^ {2}(\w+): "(\w+)",$/gm,
  );
  return [
    ...["", "## Hooks", "", "| Hook | Level |", "| --- | --- |"],
    ...declared.map(([, comment, name]) => `| \`${name}\` | ${tagIn(comment) ?? "stable"} |`),
    ...[...renamed].map(([, old, name]) => `| \`${old}\` | deprecated: renamed to \`${name}\` |`),
  ];
}

function textsOf(ones) {
  return [...new Set(ones.map((one) => declared(one, one.name)))].sort();
}

function key({ file, name }) {
  return `${file} ${name}`;
}

/** The text of a declaration, with the name under which it is exported. */
function declared({ file, name }, as) {
  const text = moduleOf(file).declarations.get(name)?.join("\n") ?? `export { ${name} };`;
  return name === as ? text : `${text} // as ${as}`;
}

/** The exports of a module: for each name, the place of its declaration. */
function exportsOf(file) {
  const { exports, stars } = moduleOf(file);
  const found = new Map(stars.flatMap((from) => [...exportsOf(from)]));
  for (const [name, one] of exports) found.set(name, settled(one));
  return found;
}

/** The place where a re-exported name is declared. */
function settled({ file, name }) {
  const { declarations, imports, exports, stars } = moduleOf(file);
  if (declarations.has(name)) return { file, name };
  const handed = imports.get(name) ?? exports.get(name);
  if (handed && key(handed) !== key({ file, name })) return settled(handed);
  return stars.map((from) => exportsOf(from).get(name)).find(Boolean) ?? { file, name };
}

function isClass({ file, name }) {
  return /^(abstract )?class /.test(moduleOf(file).declarations.get(name)?.[0] ?? "");
}

/**
 * All types of this package that the given types refer to, directly or indirectly. A class that is not exported is
 * internal.
 */
function reachedFrom(starts) {
  const seen = new Map(starts.map((one) => [key(one), one]));
  for (const { file, name } of seen.values()) {
    const { declarations, imports } = moduleOf(file);
    const words = new Set((declarations.get(name) ?? []).join("\n").match(/[A-Za-z_$][\w$]*/g) ?? []);
    for (const word of words) {
      const next = imports.has(word)
        ? settled(imports.get(word))
        : declarations.has(word)
          ? { file, name: word }
          : undefined;
      if (next && !seen.has(key(next)) && !isClass(next)) seen.set(key(next), next);
    }
  }
  return [...seen.values()].slice(starts.length);
}

/**
 * Parses a declaration file of the compiler, in which every statement starts in the first column and has an indented
 * body.
 */
function moduleOf(file) {
  if (!modules.has(file)) modules.set(file, parsed(file, readFileSync(file, "utf8")));
  return modules.get(file);
}

function parsed(file, text) {
  const module = {
    declarations: new Map(),
    exports: new Map(),
    imports: new Map(),
    stars: [],
    comments: commentsIn(text),
  };
  const bare = text.replace(/\/\*[\s\S]*?\*\/|^\/\/.*$/gm, "").replace(/^\s*\n/gm, "");
  for (const statement of bare.split(/\n(?=[a-z])/).map((one) => one.trim())) take(statement, file, module);
  return module;
}

/** The comment directly above each declaration. */
function commentsIn(text) {
  const above =
    /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|function|const|let|enum) ([\w$]+)/g;
  return new Map([...text.matchAll(above)].map(([, comment, name]) => [name, comment]));
}

function take(statement, file, { declarations, exports, imports, stars }) {
  const [, verb, body, from] =
    /^(import|export) (?:type )?(\{[\s\S]*?\}|\*)(?: from "([^"]+)")?;$/.exec(statement) ?? [];
  const target = from?.startsWith(".") ? resolve(dirname(file), from.replace(/\.(ts|js)$/, ".d.ts")) : file;
  if (body === "*") stars.push(target);
  else if (body !== undefined) {
    for (const item of body
      .slice(1, -1)
      .split(",")
      .map((one) => one.trim().replace(/^type /, ""))
      .filter(Boolean)) {
      const [name, as = name] = item.split(" as ");
      if (verb === "export") exports.set(as, { file: target, name });
      if (verb === "export" && from && target === file) declarations.set(name, [`export { ${name} } from "${from}";`]);
      else if (from?.startsWith(".")) imports.set(as, { file: target, name });
    }
  } else {
    const name =
      /^(?:export )?(?:declare )?(?:abstract )?(?:class|interface|type|function|const|let|enum) ([\w$]+)/.exec(
        statement,
      )?.[1];
    if (name === undefined) return;
    declarations.set(name, [...(declarations.get(name) ?? []), statement.replace(/^(export )?(declare )?/, "")]);
    if (statement.startsWith("export ")) exports.set(name, { file, name });
  }
}
