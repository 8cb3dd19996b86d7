// Caches the code that V8 compiled, in one file for each command, so that the next run of the command compiles nothing.
// V8 does not check this code. The cache is therefore used only if no user other than the owner of the program and the
// user who runs the program can write to it.
const fs = require("node:fs");
const { homedir } = require("node:os");
const { join } = require("node:path");

/** First words of the commands that have a cache file of their own, because they use different functions. */
const WORDS = new Set(
  (
    "adopt build cat clone completion deploy diff docs doctor drift explain gc health_check help history import info init job " +
    "job_command jobcommand logs maintain plan plugin plugins releases rollback rollout run_command schema secret status store " +
    "ui unlock upgrade_check why worker worker_facts"
  ).split(" "),
);
/** Flags whose next word is their value, not the command. */
const VALUED = ["-C", "--config", "--progress"];
const DAY_MS = 86_400_000;
/**
 * The maximum number of caches in a user's cache directory. Each installation and version of Node has its own cache;
 * the oldest caches are deleted.
 */
const INSTALLATIONS = 8;
const WRITABLE_BY_OTHERS = 0o022;
const ALIGNED = 8;

exports.WORDS = WORDS;
exports.Compiled = class Compiled {
  #place;
  #entries = {};
  #bytes = Buffer.alloc(0);
  #scripts = new Map();
  #isStale = false;

  constructor(dist, argv) {
    if (process.env.NODE_DISABLE_COMPILE_CACHE !== undefined) return;
    try {
      this.#place = placeOf(dist, commandOf(argv));
      if (this.#place) this.#read();
    } catch {
      // without a cache, everything is compiled again
    }
  }

  /** The script that `compile` creates, with the cached code if this code was compiled from the same source. */
  script(file, source, compile) {
    const id = source.slice(-17, -1);
    const entry = this.#entries[file];
    const isKnown = entry?.id === id && entry.mtime === writtenAt(file);
    const script = compile(isKnown ? this.#bytes.subarray(entry.at, entry.at + entry.length) : undefined);
    if (this.#place) {
      if (!isKnown || script.cachedDataRejected) this.#isStale = true;
      this.#scripts.set(file, { id, script });
    }
    return script;
  }

  /** Writes the compiled code of this run to the cache if the cache is missing or out of date. Never fails. */
  keep() {
    if (!this.#isStale || !this.#place?.isWritable) return;
    try {
      this.#write();
    } catch {
      // the cache is optional, so a full disk is not an error
    }
  }

  #read() {
    const { file } = this.#place;
    let all;
    try {
      all = fs.readFileSync(file);
    } catch {
      this.#isStale = true;
      return;
    }
    const size = all.readUInt32LE(0);
    const entries = JSON.parse(all.toString("utf8", 4, 4 + size));
    this.#bytes = all.subarray(aligned(4 + size));
    const isWhole = Object.values(entries).every(({ at, length }) => at + length <= this.#bytes.length);
    if (!isWhole) throw new Error("a part is missing");
    this.#entries = entries;
    // the cache contains only the functions that earlier runs used; once a day, a run adds the functions that it used
    this.#isStale = Date.now() - fs.statSync(file).mtimeMs > DAY_MS;
  }

  /** The compiled code of the files that this run loaded. */
  #used() {
    return [...this.#scripts].map(([file, { id, script }]) => [
      file,
      { id, mtime: writtenAt(file), code: script.createCachedData() },
    ]);
  }

  /** The cached code of files that this run did not load, if these files have not changed. */
  #unused() {
    return Object.entries(this.#entries)
      .filter(([file, { mtime }]) => !this.#scripts.has(file) && fs.existsSync(file) && writtenAt(file) === mtime)
      .map(([file, { id, mtime, at, length }]) => [file, { id, mtime, code: this.#bytes.subarray(at, at + length) }]);
  }

  #write() {
    const { directory, file, isShared } = this.#place;
    const data = [];
    const entries = {};
    let at = 0;
    for (const [name, { id, mtime, code }] of [...this.#unused(), ...this.#used()]) {
      entries[name] = { id, mtime, at, length: code.length };
      const padding = Buffer.alloc(aligned(code.length) - code.length);
      data.push(code, padding);
      at += code.length + padding.length;
    }
    const header = Buffer.from(JSON.stringify(entries));
    const head = Buffer.alloc(aligned(4 + header.length));
    head.writeUInt32LE(header.length, 0);
    header.copy(head, 4);
    fs.mkdirSync(directory, { recursive: true, mode: isShared ? 0o755 : 0o700 });
    const written = `${file}.${process.pid}`;
    const handle = fs.openSync(written, "wx", isShared ? 0o644 : 0o600);
    try {
      fs.writeFileSync(handle, Buffer.concat([head, ...data]));
      fs.fsyncSync(handle); // V8 does not check the file, so a file that a power failure truncated must not have this name
      fs.renameSync(written, file);
    } catch (cause) {
      fs.rmSync(written);
      throw cause;
    } finally {
      fs.closeSync(handle);
    }
  }
};

/** The first word of a command line if it has its own cache file, otherwise `other`. */
function commandOf(argv) {
  const first = argv.find((word, at) => !word.startsWith("-") && !VALUED.includes(argv[at - 1]));
  return first !== undefined && WORDS.has(first) ? first : "other";
}

/**
 * The cache file of a command. A cache beside the program is used if it was built there or is part of the package of
 * the program. Otherwise, the file is in the user's cache directory. With `sudo`, root does not use the cache of the
 * user.
 */
function placeOf(dist, command) {
  const node = `${process.version}-${process.arch}`;
  const beside = join(dist, "compiled");
  const owner = ownerOf(beside);
  if (owner !== undefined && owner.uid === ownerOf(dist)?.uid) {
    const directory = join(beside, node);
    const isWritable = owner.uid === process.getuid?.() && (owner.mode & 0o200) !== 0;
    const file = join(directory, command);
    if (isWritable || ownerOf(file)?.uid === owner.uid) return { directory, file, isWritable, isShared: true };
  }
  const home = homedir();
  if (ownerOf(home)?.uid !== process.getuid?.()) return undefined;
  const cache = join(process.env.XDG_CACHE_HOME || join(home, ".cache"), "maand");
  fs.mkdirSync(cache, { recursive: true, mode: 0o700 });
  if (ownerOf(cache)?.uid !== process.getuid?.()) return undefined;
  keepOthers(join(cache, "compiled"));
  const programs = join(cache, "programs");
  const directory = join(programs, `${node}-${named(dist)}`);
  if (ownerOf(directory) === undefined) forgetOldest(programs);
  return { directory, file: join(directory, command), isWritable: true, isShared: false };
}

/** Turns on Node's own cache for the code of other packages. Only newer versions of Node have this cache. */
function keepOthers(directory) {
  const isNew = Number(process.versions.node.split(".")[0]) >= 22;
  if (isNew && process.env.NODE_COMPILE_CACHE === undefined) require("node:module").enableCompileCache?.(directory);
}

function forgetOldest(programs) {
  const all = ownerOf(programs) === undefined ? [] : fs.readdirSync(programs);
  const byAge = all.sort((one, other) => writtenAt(join(programs, other)) - writtenAt(join(programs, one)));
  for (const name of byAge.slice(INSTALLATIONS - 1)) fs.rmSync(join(programs, name), { recursive: true, force: true });
}

/** The owner and the mode of a file or directory; undefined if it does not exist or other users can write to it. */
function ownerOf(directory) {
  const found = fs.statSync(directory, { throwIfNoEntry: false });
  return found && (found.mode & WRITABLE_BY_OTHERS) === 0 ? { uid: found.uid, mode: found.mode } : undefined;
}

/** The modification time in whole seconds, because archives store no fractions. */
function writtenAt(file) {
  return Math.floor(fs.statSync(file).mtimeMs / 1000);
}

function aligned(length) {
  return Math.ceil(length / ALIGNED) * ALIGNED;
}

/** A hash of a path, as the name of a directory. */
function named(path) {
  let hash = 5381;
  for (let at = 0; at < path.length; at += 1) hash = (hash * 33 + path.charCodeAt(at)) % 4_294_967_296;
  return hash.toString(16);
}
