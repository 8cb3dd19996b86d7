import { accessSync, constants, existsSync, statSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Job } from "@maand/core";
import { isRecord } from "../is-record.ts";
import { MODULES } from "./scripts.ts";

/** Python interpreters of a job, in this order, in its `_modules/` in the workspace. */
const PYTHONS = [".venv/bin/python3", ".venv/bin/python", "venv/bin/python3", "venv/bin/python"];

/** A job, and the directory of its bucket. */
export interface Installed {
  readonly root: string;
  readonly job: Pick<Job, "name">;
}

/** The directory of a job's scripts in the workspace, where packages may be installed. */
export function modulesOf({ root, job }: Installed): string {
  return join(root, "workspace", "jobs", job.name, MODULES);
}

/** The Python of the job, if it has one. */
export function ownPython(installed: Installed): string | undefined {
  return PYTHONS.map((path) => join(modulesOf(installed), path)).find((path) => existsSync(path));
}

/** The installed packages for the job's TypeScript and JavaScript. */
export function ownPackages(installed: Installed): string | undefined {
  const place = join(modulesOf(installed), "node_modules");
  return existsSync(place) ? place : undefined;
}

/** The runtime named by a command, if it is not the default. */
export function runtimeOf({ manifest }: Pick<Job, "manifest">, command: string): unknown {
  const { commands } = manifest;
  const own = isRecord(commands) ? commands[command] : undefined;
  return isRecord(own) ? own.runtime : undefined;
}

/** The path of a program in PATH. */
export function onPath(program: string, path = process.env.PATH ?? ""): string | undefined {
  const places = path.split(delimiter).filter((place) => place !== "");
  return places.map((place) => join(place, program)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
