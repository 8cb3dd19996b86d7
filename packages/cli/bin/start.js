const { startProgram } = require("./program.js");

// A program that ends because nothing was left to wait for has not done what it was asked: red until main says otherwise.
process.exitCode = 1;
try {
  startProgram();
} catch (cause) {
  if (cause?.code !== "MODULE_NOT_FOUND") throw cause;
  const [line] = String(cause.message).split("\n");
  process.stderr.write(`maand: the installation is incomplete: ${line}\n  hint: install maand again\n`);
}
