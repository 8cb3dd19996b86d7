// Builds the packages of the command as CommonJS, because every version of Node can cache its compiled code
// (packages/cli/bin/program.js). Each entry point is an ES module that re-exports the CommonJS file. Therefore, each
// module is loaded only once, even if a native import loads it.
import { createHash } from "node:crypto";
import { posix } from "node:path";

/** Directories of these packages. */
export const PROGRAM = ["core", "command", "cli"];
/** The packages of the program that others import. */
const OWN = /^(@maand\/(?:core|command))(?:\/([^.]+))?$/;
const STAMP = "\n//# maand-id=";

/** The CommonJS file of an entry point of the program, as a path in its package; undefined for another module. */
export function programFile(id, entryPoints) {
  const [, name, entryPoint = "."] = OWN.exec(id) ?? [];
  if (name === undefined) return undefined;
  const built = entryPoints(name).find(
    (one) => one.entryPoint === (entryPoint === "." ? "." : `./${entryPoint}`),
  )?.built;
  return built && `${name}/${posix.normalize(built).replace(/\.js$/, ".cjs")}`;
}

/** Turns the built files of a package into files of the program, and adds an ES module for each entry point. */
export function asProgram({ name, version }, entryPoints) {
  return {
    name: "as-program",
    generateBundle(_, files) {
      for (const chunk of Object.values(files).filter(({ type }) => type === "chunk"))
        chunk.code = stamped(strict(requiredInstead(requiredLater(chunk.code), chunk)));
      this.emitFile({ type: "asset", ...IMPORT });
      for (const { entryPoint, built } of entryPoints.filter(({ entryPoint }) => entryPoint !== undefined)) {
        const fileName = posix.relative("dist", built);
        const file = fileName.replace(/\.js$/, ".cjs");
        const source = facadeOf(posix.join(name, entryPoint), version, file, files[file].exports);
        this.emitFile({ type: "asset", fileName, source });
      }
    },
  };
}

/**
 * The ES module of an entry point. In a running maand of the same version, it always exports the modules that maand has
 * loaded.
 */
function facadeOf(id, version, file, exports) {
  const named = exports.filter((key) => key !== "default");
  return `import { createRequire } from "node:module";
const running = globalThis[Symbol.for("maand.running")];
const all = running?.(${JSON.stringify(id)}, ${JSON.stringify(version)}) ?? createRequire(import.meta.url)(${JSON.stringify(`./${posix.basename(file)}`)});
export const { ${named.join(", ")} } = all;
${exports.includes("default") ? "export default all.default;\n" : ""}`;
}

/**
 * Built-in modules that Node does not load at start. Each takes up to ten milliseconds to load, and most commands use
 * only a few.
 */
const LATER =
  /^let (\w+) = require\("(node:(?:assert|child_process|crypto|dns|fs\/promises|http|https|net|os|readline|stream|string_decoder|tls|tty|util|v8|vm|worker_threads|zlib)(?:\/\w+)?)"\);$/gm;

/** Changes the code of a chunk to require these modules on first use. */
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

/** A separate file that imports third-party packages: Node cannot import from cached compiled code. */
const IMPORT = { fileName: "native-import.cjs", source: "module.exports = (id) => import(id);\n" };

/**
 * Replaces the dynamic imports of a chunk: with require() for built-in modules and modules of the program, otherwise
 * with IMPORT.
 */
function requiredInstead(code, { fileName, dynamicImports }) {
  const place = posix.relative(posix.dirname(fileName), IMPORT.fileName).replace(/^(?!\.)/, "./");
  return dynamicImports.reduce((text, id) => {
    const isRequired = /^(node:|@maand\/.*\.cjs$|clipanion$)/.test(id);
    const to = isRequired ? `Promise.resolve().then(() => require("${id}"))` : `require("${place}")("${id}")`;
    return text.replaceAll(`import("${id}")`, to);
  }, code);
}

/** Adds "use strict", because ES modules are always strict and CommonJS files are not. */
function strict(code) {
  return code.startsWith('"use strict"') ? code : `"use strict";\n${code}`;
}

/**
 * Escapes all characters that are not ASCII, which occur only in literals. V8 stores ASCII in half the memory and need
 * not decode it.
 */
function ascii(code) {
  const escaped = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  if (/String\.raw`[^`]*[^\0-\x7f]/.test(code))
    throw new Error("String.raw contains characters that cannot be escaped");
  return code.replace(/[^\0-\x7f]/g, escaped);
}

/** Converts code to ASCII and adds a hash of the content, which identifies the cached compiled code. */
export function stamped(code) {
  const text = ascii(code).trimEnd();
  return `${text}${STAMP}${createHash("sha256").update(text).digest("hex").slice(0, 16)}\n`;
}
