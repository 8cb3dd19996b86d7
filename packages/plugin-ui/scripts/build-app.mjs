// Builds the web page of `maand ui` from app/ into dist/app: one HTML file, one script and one style sheet with hashed
// names. Does nothing if no input has changed since the last build.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const SOURCES = join(PACKAGE, "app");
const BUILT = join(PACKAGE, "dist/app");
/** The digest of the inputs from which the files in dist/app were built. */
const STAMP = join(PACKAGE, "dist/app.digest");
/** Libraries that are part of the page. */
const LIBRARIES = ["preact", "@preact/signals", "@preact/signals-core", "vite"];

/** Builds the page. Returns false immediately if it was already built from the same sources and libraries. */
export async function buildApp() {
  const digest = inputDigest();
  if (existsSync(join(BUILT, "index.html")) && existsSync(STAMP) && readFileSync(STAMP, "utf8") === digest)
    return false;
  rmSync(STAMP, { force: true });
  const { build } = await import("vite");
  await build({
    root: SOURCES,
    configFile: false,
    base: "./",
    logLevel: "warn",
    publicDir: false,
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    plugins: [classicScript()],
    build: {
      outDir: BUILT,
      emptyOutDir: true,
      modulePreload: false,
      cssCodeSplit: false,
      reportCompressedSize: false,
      target: "es2022",
      assetsInlineLimit: 0, // the content security policy allows no data: URLs
      license: { fileName: "third-party-licenses.md" },
      rolldownOptions: { output: { format: "iife" }, checks: { pluginTimings: false } },
    },
  });
  writeFileSync(STAMP, digest);
  return true;
}

/** Makes the script a classic script, because an export is opened from file://, where browsers load no modules. */
function classicScript() {
  return {
    name: "classic-script",
    enforce: "post",
    transformIndexHtml: {
      order: "post",
      handler: (html) => html.replaceAll('type="module" crossorigin', "defer").replaceAll(" crossorigin", ""),
    },
  };
}

function inputDigest() {
  const hash = createHash("sha256");
  const files = [SOURCES, join(PACKAGE, "src/contract.ts"), fileURLToPath(import.meta.url)].flatMap(filesOf);
  for (const file of files)
    hash
      .update(`${relative(PACKAGE, file)}\0`)
      .update(readFileSync(file))
      .update("\0");
  for (const name of LIBRARIES) hash.update(`${name} ${versionOf(name)}\0`);
  return hash.digest("hex");
}

function filesOf(path) {
  if (!existsSync(path)) return [];
  if (!path.endsWith("app")) return [path];
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.includes(".test."))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

function versionOf(name) {
  const file = join(PACKAGE, "../../node_modules", name, "package.json");
  return JSON.parse(readFileSync(file, "utf8")).version;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildApp();
