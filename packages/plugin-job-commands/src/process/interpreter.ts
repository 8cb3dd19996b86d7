import { join } from "node:path";
import type { Job } from "@maand/core";
import { LIB } from "../shared-files.ts";
import { onPath, ownPython, runtimeOf } from "./installed.ts";

/** The program and arguments for a script. */
export interface InterpreterOptions {
  /** Absolute path of the bucket's directory. */
  readonly root: string;
  readonly job: Pick<Job, "name" | "manifest">;
  readonly command: string;
  /** The file name of the script in its working directory. */
  readonly script: string;
  /** The cache of compiled scripts. */
  readonly cache: string;
}

/**
 * The command line of a script: Python from the job's own environment, or `python3`; TypeScript and JavaScript on this
 * Node through jiti, or on Bun if the command names it and it is installed.
 */
export function commandLine(options: InterpreterOptions): readonly [string, ...string[]] {
  const { job, command, script, cache } = options;
  if (script.endsWith(".py")) return [ownPython(options) ?? "python3", script];
  const bun = runtimeOf(job, command) === "bun" ? onPath("bun") : undefined;
  if (bun !== undefined) return [bun, "run", script];
  return [process.execPath, join(LIB, "run-script.mjs"), cache, script];
}
