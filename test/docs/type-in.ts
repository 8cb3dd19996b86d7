import { spawn } from "node:child_process";
import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** The result of a script. */
export interface Typed {
  readonly code: number | null;
  /** Its output from stdout and stderr. */
  readonly printed: string;
}

/** Runs a script with bash in a directory, with its directory `bin` first in PATH. */
export async function typeIn(place: string, script: string): Promise<Typed> {
  const env = { PATH: `${join(place, "bin")}:${process.env.PATH}`, HOME: place, LANG: "C.UTF-8" };
  const child = spawn("bash", ["-c", script], { cwd: place, env, stdio: ["ignore", "pipe", "pipe"] });
  const code = new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { printed: await text(child.stdout), code: await code };
}

/** Processes whose current directory is inside a directory. */
export function processesBelow(directory: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name) && directoryOf(name).startsWith(`${directory}/`))
    .map(Number);
}

function directoryOf(pid: string): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return "";
  }
}
