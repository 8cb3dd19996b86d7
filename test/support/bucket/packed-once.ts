import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../../..", import.meta.url));

/** The variable with the directory of the tarballs. built.ts sets it, and deletes the directory at the end. */
export const PACKED = "MAAND_E2E_PACKED";

interface Packed {
  readonly name: string;
  readonly filename: string;
}

/**
 * The tarballs of all packages of this repository by name, as for publishing. The first test file that needs them packs
 * them, and all others use the result, because npm needs seconds.
 */
export function tarballs(): ReadonlyMap<string, string> {
  const directory = process.env[PACKED] ?? "";
  const list = join(directory, "list.json");
  while (!existsSync(list)) {
    if (isMine(join(directory, "packing"))) packAll(directory, list);
    else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  }
  const packed: readonly Packed[] = JSON.parse(readFileSync(list, "utf8"));
  return new Map(packed.map(({ name, filename }) => [name, join(directory, filename)]));
}

/** Creates the directory, and returns whether this process was the first. */
function isMine(lock: string): boolean {
  try {
    mkdirSync(lock);
    return true;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "EEXIST") return false;
    throw cause;
  }
}

function packAll(directory: string, list: string): void {
  try {
    const args = ["pack", "--json", "--ignore-scripts", "--workspaces", "--pack-destination", directory];
    const printed = execFileSync("npm", args, {
      cwd: REPOSITORY,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 2 ** 26,
    });
    writeFileSync(`${list}.new`, printed);
    renameSync(`${list}.new`, list);
  } finally {
    rmdirSync(join(directory, "packing")); // so that the next process retries after a failure, and reports it
  }
}
