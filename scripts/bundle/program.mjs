// What is special about the packages that the command consists of. They are built as CommonJS, whose compiled code can be kept with every
// version of Node (packages/cli/bin/program.js), and each of their doors is an ES module that hands on what the CommonJS file exports:
// so there is one copy of everything, whoever imports it, and however.
import { createHash } from "node:crypto";
import { posix } from "node:path";

/** Directories of these packages. */
export const PROGRAM = ["core", "command", "cli"];
/** Ours that are part of the program but no plugins. */
const OWN = /^(@maand\/(?:core|command))(?:\/([^.]+))?$/;
const STAMP = "\n//# maand-id=";

/** The CommonJS file of a door of the program, as a file of its package; undefined for another module. */
export function programFile(id, doors) {
  const [, name, door = "."] = OWN.exec(id) ?? [];
  if (name === undefined) return undefined;
  const built = doors(name).find((one) => one.door === (door === "." ? "." : `./${door}`))?.built;
  return built && `${name}/${posix.normalize(built).replace(/\.js$/, ".cjs")}`;
}

/** The ES module of a door. Inside of a running maand of the same version it has what that one has loaded, from wherever it is imported. */
export function facadeOf(name, version, door, file, exports) {
  const id = posix.join(name, door);
  const named = exports.filter((key) => key !== "default");
  return `import { createRequire } from "node:module";
const running = globalThis[Symbol.for("maand.running")];
const all = running?.(${JSON.stringify(id)}, ${JSON.stringify(version)}) ?? createRequire(import.meta.url)(${JSON.stringify(`./${posix.basename(file)}`)});
export const { ${named.join(", ")} } = all;
${exports.includes("default") ? "export default all.default;\n" : ""}`;
}

/** Built-in modules that Node has not loaded when a program starts. They take half a millisecond to ten, and most commands use few. */
const LATER =
  /^let (\w+) = require\("(node:(?:assert|child_process|crypto|dns|fs\/promises|http|https|net|os|readline|stream|string_decoder|tls|tty|util|v8|vm|worker_threads|zlib)(?:\/\w+)?)"\);$/gm;

/** The code of a chunk, with such modules required where they are first used. */
export function requiredLater(code) {
  const later = [...code.matchAll(LATER)].filter(([, local]) => !code.includes(`__toESM(${local}`));
  return later.reduce((text, [line, local, id]) => {
    const name = local.replaceAll("$", "\\$&");
    const used = text
      .replace(line, "")
      .replace(new RegExp(`(?<![\\w$.])new ${name}\\.`, "g"), `new (${local}()).`)
      .replace(new RegExp(`(?<![\\w$.])${name}\\.`, "g"), `${local}().`);
    return `let ${local}$, ${local} = () => ${local}$ ??= require(${JSON.stringify(id)});\n${used}`;
  }, code);
}

/** The file beside the chunks that imports packages of others: Node cannot import from code that was kept. */
export const IMPORT = { fileName: "native-import.cjs", source: "module.exports = (id) => import(id);\n" };

/** The code of a chunk; what it imports when that is needed is required then if it is built in or part of the program. */
export function requiredInstead(code, { fileName, dynamicImports }) {
  const place = posix.relative(posix.dirname(fileName), IMPORT.fileName).replace(/^(?!\.)/, "./");
  return dynamicImports.reduce((text, id) => {
    const isRequired = /^(node:|@maand\/.*\.cjs$|clipanion$)/.test(id);
    const to = isRequired ? `Promise.resolve().then(() => require("${id}"))` : `require("${place}")("${id}")`;
    return text.replaceAll(`import("${id}")`, to);
  }, code);
}

/** Modules are always strict. */
export function strict(code) {
  return code.startsWith('"use strict"') ? code : `"use strict";\n${code}`;
}

/** A name of the content at the end of the file, by which kept compiled code is recognised. */
export function stamped(code) {
  return `${code.trimEnd()}${STAMP}${createHash("sha256").update(code).digest("hex").slice(0, 16)}\n`;
}
