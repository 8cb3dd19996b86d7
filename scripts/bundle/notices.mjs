// Collects the licenses of third-party packages that are bundled into our files.
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** The name of the file with the licenses. */
export const NOTICES = "third-party-licenses.txt";

/** The directory of the third-party package that a module belongs to, or undefined for our own modules. */
function packageOf(module) {
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(module)?.slice(0, 1) ?? [];
}

/** Writes the licenses of the packages that these modules belong to. */
export function writeNotices(file, modules) {
  const packages = new Set(modules.flatMap(packageOf));
  const texts = [...packages].sort().map((directory) => {
    const { name, version, license } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
    const text = readdirSync(directory).find((entry) => /^licen[cs]e/i.test(entry));
    return `${name} ${version} (${license})\n\n${text ? readFileSync(join(directory, text), "utf8").trim() : ""}\n`;
  });
  if (texts.length > 0) writeFileSync(file, texts.join(`\n${"-".repeat(80)}\n\n`));
  else rmSync(file, { force: true });
}
