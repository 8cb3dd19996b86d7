// Loads the files of the program: CommonJS, from this package, @maand/core and @maand/command. Node's own loader would look each up and
// compile it again; here it is compiled with what compiled.js kept of an earlier run. Node finds all of them in require.cache, so whatever
// is imported natively, as by a plugin, gets the same modules.
const { readFileSync } = require("node:fs");
const { dirname, join } = require("node:path");
const vm = require("node:vm");
const { Compiled } = require("./compiled.js");

/** The class of modules; `node:module` would load that of ES modules too. */
const Module = module.constructor;
const DIST = join(__dirname, "../dist");
/** Packages of others that the program has as one file each. Other modules get these too, see `share`. */
const FOREIGN = ["clipanion", "better-sqlite3"];
const WRAPPER = ["(function (exports, require, module, __filename, __dirname) { ", "\n})"];
const OURS = Module.createRequire(join(DIST, "main.cjs"));
/** The directory of a package, once it was looked up. */
const places = new Map([["@maand/cli", dirname(DIST)]]);
const loaded = new Map();
let compiled;

exports.startProgram = () => {
  compiled = new Compiled(DIST, process.argv.slice(2));
  globalThis[Symbol.for("maand.running")] = Object.assign(handOut, { share });
  load(join(DIST, "main.cjs"));
  process.on("exit", () => compiled.keep());
};

/** Exports of a file of the program, which is run the first time. */
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
    return readFileSync(file, "latin1"); // a build writes ASCII
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
    if (id.endsWith("/native-import.cjs")) return others()(id); // only what Node itself compiled can import
    if (id.startsWith(".")) return load(join(dirname(file), id));
    if (/^@maand\/.*\.cjs$/.test(id)) return load(fileOf(id));
    return FOREIGN.includes(id) ? foreign(id) : others()(id);
  };
  requires.resolve = (...given) => others().resolve(...given);
  return requires;
}

/** The file of `@maand/core/dist/internal.cjs`, in the package that Node finds from here. */
function fileOf(id) {
  const name = id.split("/", 2).join("/");
  if (!places.has(name)) places.set(name, dirname(OURS.resolve(`${name}/package.json`)));
  return join(places.get(name), id.slice(name.length));
}

/** Our file of it, unless a module that was loaded before the program, such as one of --import, has the package already. */
function foreign(name) {
  const first = require.cache[__filename].preloaded && require.cache[OURS.resolve(name)];
  return first ? first.exports : load(join(DIST, "foreign", `${name}.cjs`));
}

// whether anything was loaded before the program: our own files are three
require.cache[__filename].preloaded = Object.keys(require.cache).length > 4;

/** Lets what is imported from now on, natively too, find our files of these packages in place of its own copies. */
function share() {
  for (const name of FOREIGN) {
    const file = OURS.resolve(name);
    if (require.cache[file]) continue;
    const module = new Module(file);
    Object.assign(module, { filename: file, exports: foreign(name), loaded: true });
    require.cache[file] = module;
  }
}

/** What the door of a package has in this program, for another copy of the same version; undefined for another version. */
function handOut(id, version) {
  const name = id.split("/", 2).join("/");
  const { version: own, exports: doors } = OURS(fileOf(`${name}/package.json`));
  const door = doors[`.${id.slice(name.length)}`];
  return version === own && door ? load(fileOf(`${name}/${door.default.replace(/\.js$/, ".cjs")}`)) : undefined;
}
