const { writeSync } = require("node:fs");

// Node ends a program that waits on a promise that never settles. The exit code is therefore a failure until main
// changes it.
process.exitCode = 1;
if (!printsVersion(process.argv.slice(2))) startProgram();

// Prints the version without loading the program or its streams. If that fails, the program starts and reports the
// error.
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
