import { spawnSync } from "node:child_process";
import { closeSync, openSync, readSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";

/**
 * Returns PATH with the directory of the real Python first, if `python3` is a script of a version manager. Such a
 * script takes five times as long to start, and tests start some hundred of them. Otherwise, returns PATH unchanged.
 */
export function pathToPython(path: string): string {
  const first = path.split(delimiter).find((directory) => beginOf(join(directory, "python3")) !== undefined);
  if (first === undefined || beginOf(join(first, "python3")) !== "#!") return path;
  const { status, stdout } = spawnSync("python3", ["-c", "import sys; print(sys.executable)"], {
    env: { ...process.env, PATH: path },
    encoding: "utf8",
  });
  const directory = dirname(stdout.trim());
  // moving a directory that is already on PATH to the front would also replace other programs
  return status === 0 && !path.split(delimiter).includes(directory) ? `${directory}${delimiter}${path}` : path;
}

/** The first two bytes of a file; undefined if it cannot be read. */
function beginOf(file: string): string | undefined {
  try {
    const handle = openSync(file, "r");
    const bytes = Buffer.alloc(2);
    readSync(handle, bytes);
    closeSync(handle);
    return bytes.toString("latin1");
  } catch {
    return undefined;
  }
}
