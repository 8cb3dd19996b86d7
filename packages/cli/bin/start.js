// A program that ends because nothing was left to wait for has not done what it was asked: red until main says otherwise.
process.exitCode = 1;
import("../dist/main.js").catch((cause) => {
  if (cause?.code !== "ERR_MODULE_NOT_FOUND") throw cause;
  const [line] = String(cause.message).split("\n");
  process.stderr.write(`maand: the installation is incomplete: ${line}\n  hint: install maand again\n`);
});
