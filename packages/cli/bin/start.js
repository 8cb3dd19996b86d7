const { writeSync } = require("node:fs");

// A program that ends because nothing was left to wait for has not done what it was asked: red until main says otherwise.
process.exitCode = 1;
if (!printsVersion(process.argv.slice(2))) startProgram();

// The version alone needs nothing of the program: no file of it, and no stream. If it cannot be written, the program says why.
function printsVersion([flag, ...others]) {
  if (others.length > 0 || (flag !== "--version" && flag !== "-v")) return false;
  try {
    writeSync(1, `${require("../package.json").version}\n`);
  } catch {
    return false;
  }
  process.exitCode = 0;
  return true;
}

function startProgram() {
  try {
    require("./program.js").startProgram();
  } catch (cause) {
    if (cause?.code !== "MODULE_NOT_FOUND") throw cause;
    const [line] = String(cause.message).split("\n");
    process.stderr.write(`maand: the installation is incomplete: ${line}\n  hint: install maand again\n`);
  }
}
