import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Job } from "@maand/core";
import { isRecord } from "./is-record.ts";
import { MODULES } from "./scripts.ts";
import { LIB } from "./shared-files.ts";

/** Pythons a job may bring along, in this order (deploy.md 4.2); below its `_modules/` in the workspace. */
const PYTHONS = [".venv/bin/python3", ".venv/bin/python", "venv/bin/python3", "venv/bin/python"];

/** What a script is to be run with. */
export interface InterpreterOptions {
  /** Absolute path of the bucket's directory. */
  readonly root: string;
  readonly job: Pick<Job, "name" | "manifest">;
  readonly command: string;
  /** File name of the script in its working directory. */
  readonly script: string;
  /** Where compiled scripts may be kept. */
  readonly cache: string;
}

/**
 * The command line of a script: Python from the job's own environment or `python3`; TypeScript and JavaScript on this
 * Node through jiti, or on Bun where the command asks for it and it is there (decision 27).
 */
export function commandLine(options: InterpreterOptions): readonly [string, ...string[]] {
  const { script, cache } = options;
  if (script.endsWith(".py")) return [pythonOf(options), script];
  const bun = runtimeOf(options) === "bun" ? onPath("bun") : undefined;
  if (bun !== undefined) return [bun, "run", script];
  return [process.execPath, join(LIB, "run-script.mjs"), cache, script];
}

function pythonOf({ root, job }: InterpreterOptions): string {
  const modules = join(root, "workspace", "jobs", job.name, MODULES);
  return PYTHONS.map((path) => join(modules, path)).find((path) => existsSync(path)) ?? "python3";
}

function runtimeOf({ job, command }: InterpreterOptions): unknown {
  const { commands } = job.manifest;
  const own = isRecord(commands) ? commands[command] : undefined;
  return isRecord(own) ? own.runtime : undefined;
}

function onPath(program: string): string | undefined {
  const places = (process.env.PATH ?? "").split(delimiter).filter((place) => place !== "");
  return places.map((place) => join(place, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
