import { type Dirent, readdirSync, readFileSync, realpathSync, type Stats, statSync } from "node:fs";
import { join, relative } from "node:path";
import { error, type Problem, type Report, warning } from "../domain/checks/problem.ts";
import { byPath, contentHash } from "../domain/deploy/digest.ts";
import type { SeenFile } from "../domain/workspace/job.ts";

/** A file with its content, if it had to be read. */
export interface ReadFile extends SeenFile {
  readonly content?: Uint8Array;
}

/** Directories that are never part of a job, at any depth (build.md 5.1). */
const SKIPPED = new Set([".git", ".venv", "venv", "node_modules", "__pycache__"]);

/** Names the worker needs for what the job writes at runtime (seed jobs-and-lifecycle). */
export const RUNTIME_NAMES: readonly string[] = ["data", "logs", "bin", "lost+found"];

/**
 * Lists the files of a job's directory, sorted by path. A link to a file counts as that file; links to directories,
 * broken links, and links that leave the workspace are reported (B38). Content is read only where size or time differ.
 */
export function readJobFiles(
  directory: string,
  job: string,
  before: ReadonlyMap<string, SeenFile>,
  report: Report,
): ReadFile[] {
  const files: ReadFile[] = [];
  const walk = (place: string, prefix: string) => {
    for (const entry of readdirSync(place, { withFileTypes: true })) {
      const path = `${prefix}${entry.name}`;
      const at = join(place, entry.name);
      if (SKIPPED.has(entry.name)) continue;
      const problem = ofName(job, entry.name, path);
      if (problem) report(problem);
      else if (entry.isDirectory()) walk(at, `${path}/`);
      else if (isUsable(entry, at, directory, where(job, path), report))
        files.push(readOne(at, path, before.get(path)));
    }
  };
  walk(directory, "");
  return files.sort(byPath);
}

/** Bytes a path within a job may have: with what stands before it, it is far below what Linux takes, here and there. */
const LONGEST_PATH = 2000;

/** What is wrong with a file or directory by its name alone. */
function ofName(job: string, name: string, path: string): Problem | undefined {
  if (path === name && RUNTIME_NAMES.includes(name)) return reserved(job, name);
  const refused = (place: string, message: string, hint: string) =>
    error("invalid_file", where(job, place), message, hint);
  if (/[\n\r]/.test(name)) return refused(JSON.stringify(path), "a file name must not hold a line end", "rename it");
  // What cannot be decoded cannot be asked for by its name either.
  if (name.includes("\uFFFD")) return refused(path, "a file name must be UTF-8", "rename it");
  if (Buffer.byteLength(path) <= LONGEST_PATH) return undefined;
  return refused(
    `${path.slice(0, 60)}...`,
    `a path must not have more than ${LONGEST_PATH} bytes`,
    "give its directories shorter names, or move it further up",
  );
}

function readOne(at: string, path: string, before: SeenFile | undefined): ReadFile {
  const stats = statSync(at);
  const executable = (stats.mode & 0o111) !== 0;
  if (before && before.size === stats.size && before.mtimeMs === stampOf(stats)) return { ...before, executable };
  const content = readFileSync(at);
  return { path, hash: contentHash(content), executable, size: content.byteLength, mtimeMs: stampOf(stats), content };
}

/** The later of the two times, so that a file put back with an old date is seen as well. */
function stampOf(stats: Stats): number {
  return Math.max(stats.mtimeMs, stats.ctimeMs);
}

function isUsable(entry: Dirent, at: string, directory: string, place: string, report: Report): boolean {
  if (entry.isFile()) return true;
  if (!entry.isSymbolicLink()) {
    report(warning("invalid_file", place, "is neither a file nor a directory, and is left out", "delete it"));
    return false;
  }
  const stats = statSync(at, { throwIfNoEntry: false });
  if (!stats?.isFile()) {
    report(
      error(
        "invalid_file",
        place,
        stats ? "is a link to a directory" : "is a link to nothing",
        "copy what it should hold, or delete it",
      ),
    );
    return false;
  }
  if (relative(realpathSync(join(directory, "..", "..")), realpathSync(at)).startsWith("..")) {
    report(error("invalid_file", place, "is a link that leaves the workspace", "copy the file into the job"));
    return false;
  }
  return true;
}

function reserved(job: string, name: string) {
  return error(
    "reserved_directory",
    where(job, name),
    `"${name}" is reserved for what the job writes on its workers`,
    `give it another name; data, logs and bin are made there at runtime`,
  );
}

function where(job: string, path: string): string {
  return `workspace/jobs/${job}/${path}`;
}
