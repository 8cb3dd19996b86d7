// After tsc -b wrote the declarations: each package's modules as few files, so that a command spends its time on its work
// and not on opening some hundred modules. Packages stay apart, and share one @maand/core, as they do when installed.
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

const REPOSITORY = dirname(dirname(fileURLToPath(import.meta.url)));
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
    external: (id) => !id.startsWith(".") && !id.startsWith("/"),
    output: { dir, format: "esm", sourcemap: true, entryFileNames: "[name].js", chunkFileNames: "[name].js" },
    logLevel: "warn",
  });
  const written = new Set(output.map(({ fileName }) => fileName));
  for (const file of readdirSync(dir, { recursive: true, encoding: "utf8" }))
    if (/\.js(\.map)?$/.test(file) && !written.has(file)) rmSync(join(dir, file));
}
