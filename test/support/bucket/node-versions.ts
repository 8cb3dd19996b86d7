import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

/**
 * Unpacks an official Node from the npm registry or npm's cache. Returns its directory, which contains `bin/node` and,
 * on request, the headers for compiling native parts.
 */
export function unpackNode(version: string, place: string, { headers = false } = {}): string {
  const directory = join(place, `node-${version}`);
  mkdirSync(directory, { recursive: true });
  const name = `node-linux-${process.arch}@${version}`;
  const args = ["pack", name, "--json", "--prefer-offline", "--pack-destination", place];
  const printed = execFileSync("npm", args, { cwd: place, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  const packed: readonly { readonly filename: string }[] = JSON.parse(printed);
  const members = ["package/bin/node", ...(headers ? ["package/include"] : [])];
  const tarball = join(place, packed[0]?.filename ?? "");
  execFileSync("tar", ["-xzf", tarball, "-C", directory, "--strip-components=1", ...members]);
  return directory;
}
