// npm run docs, docs:dev, docs:preview and pictures: builds the website and its pictures. Installs their own packages
// when they are first needed.
import { spawn } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
const HERE = fileURLToPath(new URL(".", import.meta.url));

/** Runs the following command in a network that has only the addresses used in the documentation. */
const NETWORK = 'ip link set lo up && for n in 1 2 3 4; do ip address add 10.0.0.$n/32 dev lo; done && exec "$0" "$@"';

if (isOutdated()) await run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
const words = process.argv.slice(2);
if (words[0] === "pictures" && process.getuid?.() !== 0)
  refuse("the pictures need root, for sshd and for their own network");
if (words[0] === "pictures")
  await run("unshare", ["--net", "sh", "-c", NETWORK, process.execPath, "pictures/main.mjs"]);
else await run(process.execPath, ["node_modules/vitepress/bin/vitepress.js", ...words]);

/** Whether the packages are missing, or older than the package list. */
function isOutdated() {
  const installed = join(HERE, "node_modules/.package-lock.json");
  return !existsSync(installed) || statSync(installed).mtimeMs < statSync(join(HERE, "package-lock.json")).mtimeMs;
}

function refuse(message) {
  console.error(message);
  process.exit(2);
}

/** Runs a program until it exits, and forwards signals to it. If the program fails, this program exits too. */
async function run(program, args) {
  const child = spawn(program, args, { cwd: HERE, stdio: "inherit" });
  const pass = (signal) => child.kill(signal);
  for (const signal of SIGNALS) process.on(signal, pass);
  const code = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", resolve);
  });
  for (const signal of SIGNALS) process.off(signal, pass);
  if (code !== 0) process.exit(code ?? 1);
}
