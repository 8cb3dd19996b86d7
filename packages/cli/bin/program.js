// Loads the files of the program, which are CommonJS, from this package, @maand/core and @maand/command. Node's own
// loader would resolve and compile each file again; this loader uses the compiled code that compiled.js cached in an
// earlier run. It adds all files to require.cache, so a plugin that imports them natively gets the same modules.
const { readFileSync } = require("node:fs");
const { dirname, join } = require("node:path");
const vm = require("node:vm");
const { Compiled } = require("./compiled.js");

/** The class of modules. Importing it from `node:module` would also load Node's code for ES modules. */
const Module = module.constructor;
const DIST = join(__dirname, "../dist");
/** Third-party packages, each of which the program bundles as one file. `share` provides them to other modules. */
const FOREIGN = ["clipanion", "better-sqlite3"];
const WRAPPER = ["(function (exports, require, module, __filename, __dirname) { ", "\n})"];
const OURS = Module.createRequire(join(DIST, "main.cjs"));
/** The directories of the packages that have been resolved so far. */
const places = new Map([["@maand/cli", dirname(DIST)]]);
const loaded = new Map();
let compiled;

exports.startProgram = () => {
  compiled = new Compiled(DIST, process.argv.slice(2));
  globalThis[Symbol.for("maand.running")] = Object.assign(handOut, { share });
  load(join(DIST, "main.cjs"));
  process.on("exit", () => compiled.keep());
};

/** The exports of a file of the program. The first call runs the file. */
function load(file) {
  const known = loaded.get(file) ?? require.cache[file];
  if (known) return known.exports;
  const module = new Module(file);
  module.filename = file;
  loaded.set(file, module);
  require.cache[file] = module;
  try {
    run(file, module);
  } catch (cause) {
    loaded.delete(file);
    delete require.cache[file];
    throw cause;
  }
  module.loaded = true;
  return module.exports;
}

function run(file, module) {
  const source = textOf(file);
  const script = compiled.script(file, source, (cachedData) => {
    return new vm.Script(WRAPPER[0] + source + WRAPPER[1], {
      ...{ filename: file, cachedData, columnOffset: -WRAPPER[0].length },
    });
  });
  script.runInThisContext()(module.exports, requireFor(file), module, file, dirname(file));
}

function textOf(file) {
  try {
    return readFileSync(file, "latin1"); // the build writes only ASCII
  } catch (cause) {
    if (cause.code !== "ENOENT") throw cause;
    throw Object.assign(new Error(`Cannot find module '${file}'`, { cause }), { code: "MODULE_NOT_FOUND" });
  }
}

function requireFor(file) {
  let own;
  const others = () => (own ??= Module.createRequire(file));
  const requires = (id) => {
    if (id.startsWith("node:")) return require(id);
    if (id.endsWith("/native-import.cjs")) return others()(id); // only code that Node itself compiled can call import()
    if (id.startsWith(".")) return load(join(dirname(file), id));
    if (/^@maand\/.*\.cjs$/.test(id)) return load(fileOf(id));
    return FOREIGN.includes(id) ? foreign(id) : others()(id);
  };
  requires.resolve = (...given) => others().resolve(...given);
  return requires;
}

/** The path of a file such as `@maand/core/dist/internal.cjs`, in the package that Node resolves from here. */
function fileOf(id) {
  const name = id.split("/", 2).join("/");
  if (!places.has(name)) places.set(name, dirname(OURS.resolve(`${name}/package.json`)));
  return join(places.get(name), id.slice(name.length));
}

/**
 * The exports of a bundled package. If a module that was loaded before the program, for example with --import, already
 * uses this package, returns the exports that this module uses.
 */
function foreign(name) {
  const first = require.cache[__filename].preloaded && require.cache[OURS.resolve(name)];
  return first ? first.exports : load(join(DIST, "foreign", `${name}.cjs`));
}

// if there are more modules than the program's own, another module was loaded before the program
require.cache[__filename].preloaded = Object.keys(require.cache).length > 4;

/**
 * Makes modules that are loaded from now on use the bundled files of these packages instead of their own copies, even
 * with a native import.
 */
function share() {
  for (const name of FOREIGN) {
    const file = OURS.resolve(name);
    if (require.cache[file]) continue;
    const module = new Module(file);
    Object.assign(module, { filename: file, exports: foreign(name), loaded: true });
    require.cache[file] = module;
  }
}

/**
 * The exports of an entry point of this program, for another copy of the same version; undefined for another version.
 */
function handOut(id, version) {
  const name = id.split("/", 2).join("/");
  const { version: own, exports: entryPoints } = OURS(fileOf(`${name}/package.json`));
  const entryPoint = entryPoints[`.${id.slice(name.length)}`];
  return version === own && entryPoint
    ? load(fileOf(`${name}/${entryPoint.default.replace(/\.js$/, ".cjs")}`))
    : undefined;
}
