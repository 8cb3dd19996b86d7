// Bundles clipanion and the JavaScript of better-sqlite3 into one file each, which the command loads in place of the
// packages (packages/cli/bin/program.js). Otherwise, Node would open and compile some forty files.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { build } from "rolldown";
import { stamped } from "./program.mjs";

const directoryOf = (name) => dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
const SOURCES = { clipanion: "lib/advanced/index.mjs", "better-sqlite3": "lib/index.js" };
const ADDON = "require('bindings')('better_sqlite3.node')";
/**
 * Loads the native part from the place where npm puts it. If the native part is missing, the package `bindings`
 * searches for it and reports the places that it searched.
 */
const OURS = `((root) => {
  const from = require("node:module").createRequire(root);
  try {
    return from("./build/Release/better_sqlite3.node");
  } catch (cause) {
    if (cause.code !== "MODULE_NOT_FOUND") throw cause;
    return from("bindings")({ bindings: "better_sqlite3.node", module_root: require("node:path").dirname(root) });
  }
})(require.resolve("better-sqlite3/package.json"))`;

/** Writes the files to a directory; returns the directories of the packages that are part of them. */
export async function bundleForeign(dir) {
  const { output } = await build({
    input: Object.fromEntries(Object.entries(SOURCES).map(([name, file]) => [name, join(directoryOf(name), file)])),
    platform: "node",
    external: ["typanion"],
    plugins: [
      {
        name: "native-part",
        transform: (code, id) =>
          id.endsWith("/better-sqlite3/lib/database.js") ? { code: withOurs(code), map: null } : undefined,
        generateBundle(_, files) {
          for (const chunk of Object.values(files)) if (chunk.type === "chunk") chunk.code = stamped(chunk.code);
        },
      },
    ],
    output: { dir, format: "cjs", entryFileNames: "[name].cjs", chunkFileNames: "[name].cjs", comments: false },
    logLevel: "warn",
  });
  return output.flatMap(({ moduleIds = [] }) => moduleIds);
}

function withOurs(code) {
  if (!code.includes(ADDON)) throw new Error("better-sqlite3 no longer loads its native part in the expected way");
  return code.replace(ADDON, OURS);
}
