import { accessSync, constants, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

/** A program on this machine. */
export interface Program {
  /** Absolute. */
  readonly path: string;
  /** Changes when another version is installed. */
  readonly identity: string;
}

/** Looks up a program, in `PATH` unless the name is a path; undefined if it does not exist. */
export function findProgram(name: string): Program | undefined {
  const places = isAbsolute(name)
    ? [name]
    : (process.env.PATH ?? "").split(delimiter).map((place) => join(place, name));
  for (const path of places) {
    const identity = identityOf(path);
    if (identity !== undefined) return { path, identity };
  }
  return undefined;
}

function identityOf(path: string): string | undefined {
  try {
    accessSync(path, constants.X_OK);
    const { size, mtimeMs, ino } = statSync(path);
    return statSync(path).isFile() ? `${path} ${size} ${mtimeMs} ${ino}` : undefined;
  } catch {
    return undefined;
  }
}
