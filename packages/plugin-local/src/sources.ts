import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** One file that the worker should have. */
export interface Wanted {
  /** The path of its content. */
  readonly source: string;
  readonly mode: number;
  readonly size: number;
}

/** Files by their path in the worker's directory, with `/`. */
export type WantedFiles = ReadonlyMap<string, Wanted>;

export interface SourcesOptions {
  readonly sources: readonly string[];
  readonly jobs: readonly string[];
  readonly keep: readonly string[];
}

/**
 * Merges the sources of a stage into the files that a worker should have: the first source with a path wins. Files of
 * jobs that are not staged, and names that a job keeps for itself, are omitted.
 */
export async function wantedFiles({ sources, jobs, keep }: SourcesOptions): Promise<WantedFiles> {
  const wanted = new Map<string, Wanted>();
  const skip = (path: string) => {
    const [top, job, name, ...deeper] = path.split("/");
    if (top !== "jobs" || job === undefined) return false;
    return !jobs.includes(job) || (deeper.length === 0 && name !== undefined && keep.includes(name));
  };
  for (const source of sources) await collect(source, "", skip, wanted);
  return wanted;
}

async function collect(
  source: string,
  below: string,
  skip: (path: string) => boolean,
  wanted: Map<string, Wanted>,
): Promise<void> {
  for (const entry of await readdir(join(source, below), { withFileTypes: true })) {
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    if (skip(path)) continue;
    if (entry.isDirectory()) await collect(source, path, skip, wanted);
    else if (!wanted.has(path)) wanted.set(path, await fileAt(join(source, path)));
  }
}

/** A link could point anywhere, so only regular files are accepted. */
async function fileAt(source: string): Promise<Wanted> {
  const found = await lstat(source);
  if (!found.isFile()) throw new Error(`${source} is not a file`);
  return { source, mode: found.mode & 0o777, size: found.size };
}
