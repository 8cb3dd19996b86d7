// node scripts/installed.mjs: fails if node_modules differs from package-lock.json. It compares npm's record of the
// installed packages. File times would not work, because copying or checking out a tree changes them.
import { readFileSync } from "node:fs";

const wanted = packagesIn("package-lock.json");
const found = packagesIn("node_modules/.package-lock.json");

const missing = Object.entries(wanted).filter(
  ([path, { optional, devOptional }]) => path.includes("node_modules/") && !optional && !devOptional && !found[path],
);
const other = Object.entries(found).filter(([path, { version }]) => wanted[path]?.version !== version);
process.exitCode = missing.length === 0 && other.length === 0 ? 0 : 1;

/** The packages in a lock file by path; none if the file is missing. */
function packagesIn(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return {};
  }
}
