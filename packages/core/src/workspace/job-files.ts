import { type Dirent, readdirSync, realpathSync, type Stats, statSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { error, type Problem, type Report, warning } from "../domain/checks/problem.ts";
import { quoted } from "../domain/checks/validate.ts";
import { byPath, hashOfPieces } from "../domain/deploy/digest.ts";
import type { SeenFile } from "../domain/workspace/job.ts";
import { plainBytes } from "../domain/workspace/resource-units.ts";
import { unreadable } from "../trust/plain-text.ts";
import { distrusted, SAFE_DIRECTORIES } from "../trust/trusted.ts";
import { filePieces } from "./file-pieces.ts";
import type { IsIgnored } from "./ignored.ts";

/** A file, with its path on disk if the file is new or changed. */
export interface ReadFile extends SeenFile {
  readonly changedAt?: string;
}

/** A job's directory, with the options for reading its files. */
export interface JobDirectory {
  readonly job: string;
  /** Absolute. */
  readonly directory: string;
  /** The job's files as last read, by path. */
  readonly before: ReadonlyMap<string, SeenFile>;
  readonly isIgnored: IsIgnored;
  /** Maximum size of a file in bytes. */
  readonly maxBytes: number;
  readonly report: Report;
}

/**
 * Names in a job's directory on a worker that a deploy does not manage: those that the job writes, and those that
 * belong to the file system.
 */
export const RUNTIME_NAMES: readonly string[] = ["data", "logs", "bin", "lost+found"];

/**
 * Names of temporary files that transports create on a worker during a sync. Transports also delete such files that a
 * killed sync left behind.
 */
const OF_A_SYNC = /^(\.~tmp~|\.~maand-[0-9a-f]{16}|\.incoming-\d+-\d+)$/;

/**
 * The maximum number of bytes of a path within a job. Together with the path of the job's directory, such a path is
 * still far below the Linux limit, on this machine and on workers.
 */
const LONGEST_PATH = 2000;

/**
 * Lists the files of a job's directory, sorted by path. A link to a file counts as that file. Links to directories,
 * broken links, and links out of the workspace are reported. A file is read, in pieces, only if its size or time has
 * changed.
 */
export function readJobFiles(job: JobDirectory): ReadFile[] {
  const files: ReadFile[] = [];
  const visit = (entry: Dirent, path: string) => {
    const at = join(job.directory, path);
    if (job.isIgnored(entry.isDirectory() ? `${path}/` : path)) return;
    const problem = ofName(job.job, entry.name, path);
    if (problem) job.report(problem);
    else if (entry.isDirectory()) walk(path);
    else if (isUsable(job, entry, path) && isTrusted(job, at, path)) files.push(...readOne(job, at, path));
  };
  const walk = (below: string) => {
    for (const entry of attempt(job, below, () => entriesOf(join(job.directory, below))) ?? []) {
      const path = below === "" ? entry.name : `${below}/${entry.name}`;
      attempt(job, path, () => visit(entry, path));
    }
  };
  walk("");
  return files.sort(byPath);
}

function entriesOf(place: string): Dirent[] {
  return readdirSync(place, { withFileTypes: true });
}

/**
 * Runs `work`. Reports system errors with the path. Also reports files that disappeared after they were listed, because
 * a deploy of a build without such a file would delete it on workers.
 */
function attempt<T>({ job, report }: JobDirectory, path: string, work: () => T): T | undefined {
  try {
    return work();
  } catch (cause) {
    const { message, hint } = unreadable(cause) ?? DISAPPEARED;
    report(error("invalid_file", where(job, path), message, hint));
    return undefined;
  }
}

const DISAPPEARED = {
  message: "disappeared while being read",
  hint: "build again when no program changes the workspace",
};

/** The problem with the name of a file or directory. */
function ofName(job: string, name: string, path: string): Problem | undefined {
  if (path === name && RUNTIME_NAMES.includes(name)) return reserved(job, name);
  const refused = (place: string, message: string, hint: string) =>
    error("invalid_file", where(job, place), message, hint);
  if (/\p{Cc}/u.test(name))
    return refused(quoted(path), "a file name must not contain control characters", "rename it");
  if (OF_A_SYNC.test(name))
    return refused(path, "has a name that maand uses for temporary files during a sync", "rename it");
  // a file whose name cannot be decoded cannot be read by that name either
  if (name.includes("\uFFFD")) return refused(path, "a file name must be UTF-8", "rename it");
  if (Buffer.byteLength(path) <= LONGEST_PATH) return undefined;
  return refused(
    `${path.slice(0, 60)}...`,
    `a path must not be longer than ${LONGEST_PATH} bytes`,
    "give its directories shorter names, or move it further up",
  );
}

function readOne({ job, before, maxBytes, report }: JobDirectory, at: string, path: string): ReadFile[] {
  const stats = statSync(at);
  if (stats.size > maxBytes) {
    report(tooLarge(where(job, path), stats.size, maxBytes));
    return [];
  }
  const executable = (stats.mode & 0o111) !== 0;
  const known = before.get(path);
  if (known?.size === stats.size && known.mtimeMs === stampOf(stats))
    return [known.executable === executable ? known : { ...known, executable }];
  return [{ path, ...hashOfPieces(filePieces(at)), executable, mtimeMs: stampOf(stats), changedAt: at }];
}

/** The later of modification time and change time, to detect a file that was restored with an old date. */
function stampOf(stats: Stats): number {
  return Math.max(stats.mtimeMs, stats.ctimeMs);
}

function isUsable({ job, directory, report }: JobDirectory, entry: Dirent, path: string): boolean {
  if (entry.isFile()) return true;
  const place = where(job, path);
  if (!entry.isSymbolicLink()) {
    report(warning("invalid_file", place, "is neither a file nor a directory, and is ignored", "delete it"));
    return false;
  }
  const at = join(directory, path);
  const stats = statSync(at, { throwIfNoEntry: false });
  if (stats?.isFile() && isInside(join(directory, "..", ".."), at)) return true;
  report(error("invalid_file", place, ...flawOfLink(stats)));
  return false;
}

function isInside(workspace: string, at: string): boolean {
  return !relative(realpathSync(workspace), realpathSync(at)).startsWith("..");
}

/** The problem of a link, and how to fix it. */
function flawOfLink(stats: Stats | undefined): [string, string] {
  const replace = "replace it with a copy of its target, or delete it";
  if (!stats) return ["is a broken link", replace];
  if (stats.isDirectory()) return ["is a link to a directory", replace];
  if (!stats.isFile()) return ["is a link to something that is neither a file nor a directory", "delete it"];
  return ["is a link that leaves the workspace", "copy the file into the job"];
}

/**
 * Whether a file is trusted. Files in `_modules/` run on this machine, so other users must not be able to change them.
 */
function isTrusted({ job, directory, report }: JobDirectory, at: string, path: string): boolean {
  if (!path.startsWith("_modules/")) return true;
  const bucket = resolve(directory, "../../..");
  const reason = distrusted(bucket, at) ?? distrusted(bucket, dirname(at));
  if (reason === undefined) return true;
  const hint = `it runs on this machine: change its owner or mode, or set ${SAFE_DIRECTORIES}=${bucket} if you trust it`;
  report(error("invalid_file", where(job, path), reason, hint));
  return false;
}

function tooLarge(place: string, size: number, most: number): Problem {
  return error(
    "file_too_large",
    place,
    `is ${plainBytes(size)}, but max_file_size is ${plainBytes(most)}`,
    "list it in .maandignore and download it on the worker, or raise max_file_size in maand.conf",
  );
}

function reserved(job: string, name: string) {
  return error(
    "reserved_directory",
    where(job, name),
    `"${name}" is reserved for what the job writes on its workers`,
    `rename it; data, logs and bin are created there at runtime`,
  );
}

function where(job: string, path: string): string {
  return path === "" ? `workspace/jobs/${job}` : `workspace/jobs/${job}/${path}`;
}
