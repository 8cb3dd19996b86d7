// npm run docs, docs:dev and docs:preview: the website, with packages of its own that are installed when they are first needed.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = fileURLToPath(new URL(".", import.meta.url));

if (isOutdated()) run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
run(process.execPath, ["node_modules/vitepress/bin/vitepress.js", ...process.argv.slice(2)]);

/** Whether the packages are missing, or older than the list of what they should be. */
function isOutdated() {
  const installed = join(HERE, "node_modules/.package-lock.json");
  return !existsSync(installed) || statSync(installed).mtimeMs < statSync(join(HERE, "package-lock.json")).mtimeMs;
}

function run(program, args) {
  const { status, error } = spawnSync(program, args, { cwd: HERE, stdio: "inherit" });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
