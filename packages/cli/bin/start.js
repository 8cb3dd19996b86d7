const { mkdirSync, statSync } = require("node:fs");
const nodeModule = require("node:module");
const { homedir } = require("node:os");
const { join } = require("node:path");

// A program that ends because nothing was left to wait for has not done what it was asked: red until main says otherwise.
process.exitCode = 1;
keepCompiled();
import("../dist/main.js").catch((cause) => {
  if (cause?.code !== "ERR_MODULE_NOT_FOUND") throw cause;
  const [line] = String(cause.message).split("\n");
  process.stderr.write(`maand: the installation is incomplete: ${line}\n  hint: install maand again\n`);
});

/**
 * Newer versions of Node keep compiled code: a third of the time of a short command. What is kept is run as it is, so only in a directory
 * that no other user can write: not in that of the user who called sudo. NODE_DISABLE_COMPILE_CACHE switches it off, as for any program.
 */
function keepCompiled() {
  if (nodeModule.enableCompileCache === undefined || process.env.NODE_COMPILE_CACHE !== undefined) return;
  try {
    const home = homedir();
    const directory = join(process.env.XDG_CACHE_HOME || join(home, ".cache"), "maand");
    if (!isOurs(home)) return;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    if (isOurs(directory)) nodeModule.enableCompileCache(join(directory, "compiled"));
  } catch {
    // without a place for it, everything is compiled again
  }
}

function isOurs(directory) {
  const { uid, mode } = statSync(directory);
  return uid === process.getuid?.() && (mode & 0o022) === 0;
}
