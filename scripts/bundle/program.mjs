// What is special about the packages that the command consists of. They are built as CommonJS, whose compiled code can be kept with every
// version of Node (packages/cli/bin/program.js), and each of their doors is an ES module that hands on what the CommonJS file exports:
// so there is one copy of everything, for native imports too.
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

/** Makes what was built of a package the files of the program, with an ES module for each door. */
export function asProgram({ name, version }, doors) {
  return {
    name: "as-program",
    generateBundle(_, files) {
      for (const chunk of Object.values(files).filter(({ type }) => type === "chunk"))
        chunk.code = stamped(strict(requiredInstead(requiredLater(chunk.code), chunk)));
      this.emitFile({ type: "asset", ...IMPORT });
      for (const { door, built } of doors.filter(({ door }) => door !== undefined)) {
        const fileName = posix.relative("dist", built);
        const file = fileName.replace(/\.js$/, ".cjs");
        const source = facadeOf(posix.join(name, door), version, file, files[file].exports);
        this.emitFile({ type: "asset", fileName, source });
      }
    },
  };
}

/** The ES module of a door. Inside of a running maand of the same version it has what that one has loaded, from wherever it is imported. */
function facadeOf(id, version, file, exports) {
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
function requiredLater(code) {
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
const IMPORT = { fileName: "native-import.cjs", source: "module.exports = (id) => import(id);\n" };

/** The code of a chunk; what it imports when that is needed is required then if it is built in or part of the program. */
function requiredInstead(code, { fileName, dynamicImports }) {
  const place = posix.relative(posix.dirname(fileName), IMPORT.fileName).replace(/^(?!\.)/, "./");
  return dynamicImports.reduce((text, id) => {
    const isRequired = /^(node:|@maand\/.*\.cjs$|clipanion$)/.test(id);
    const to = isRequired ? `Promise.resolve().then(() => require("${id}"))` : `require("${place}")("${id}")`;
    return text.replaceAll(`import("${id}")`, to);
  }, code);
}

/** Modules are always strict. */
function strict(code) {
  return code.startsWith('"use strict"') ? code : `"use strict";\n${code}`;
}

/** Text of ASCII alone, which V8 keeps in half of the memory and needs not decode. Such characters are in literals only. */
function ascii(code) {
  const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  if (/String\.raw`[^`]*[^\0-\x7f]/.test(code)) throw new Error("a raw text has characters that cannot be escaped");
  return code.replace(/[^\0-\x7f]/g, escaped);
}

/** ASCII, with a name of the content at the end of the file, by which kept compiled code is recognised. */
export function stamped(code) {
  const text = ascii(code).trimEnd();
  return `${text}${STAMP}${createHash("sha256").update(text).digest("hex").slice(0, 16)}\n`;
}
