import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { isMaandError, keepExpression, MaandError, type StageContext, timeLimit } from "@maand/core";
import { placeDirectory, placeFile } from "./place.ts";
import { type WantedFiles, wantedFiles } from "./sources.ts";

/**
 * Makes a local worker's directory equal to the staged trees. Each file is replaced in one step and only if it differs;
 * what a job has no more is deleted, but for the names it keeps; other jobs are not looked at. Throws STAGE_FAILED.
 */
export async function stageLocal(context: StageContext): Promise<void> {
  const { remote, jobs, keep, protect, signal, timeoutMs, deleted } = context;
  const limit = timeLimit(timeoutMs);
  const place = { path: remote.root };
  const goesOn = (path: string) => {
    place.path = path;
    if (limit.aborted || signal.aborted) throw cutOff(context, limit.aborted);
  };
  try {
    const wanted = await wantedFiles(context);
    const directories = directoriesOf(wanted, jobs);
    for (const path of directories) {
      goesOn(path);
      await placeDirectory(join(remote.root, path));
    }
    for (const [path, file] of wanted) {
      goesOn(path);
      await placeFile(join(remote.root, path), file);
    }
    const known = new Set([...wanted.keys(), ...directories]);
    for (const job of jobs) {
      const own = ownFiles(job, protect.get(job) ?? []);
      await prune({ root: remote.root, known, goesOn, deleted, ...(own ? { own } : {}) }, `jobs/${job}`, keep);
    }
  } catch (cause) {
    throw isMaandError(cause) ? cause : failed(remote.host, place.path, cause);
  }
}

/** Every directory that must be there, parents first. */
function directoriesOf(wanted: WantedFiles, jobs: readonly string[]): string[] {
  const directories = new Set(["jobs", ...jobs.map((job) => `jobs/${job}`)]);
  for (const path of wanted.keys())
    for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) directories.add(path.slice(0, at));
  return [...directories].sort();
}

interface Pruning {
  readonly root: string;
  /** Paths that stay. */
  readonly known: ReadonlySet<string>;
  goesOn(path: string): void;
  deleted(path: string): void;
  /** What the job made itself and may keep; absent where it has nothing of that kind. */
  own?(path: string): boolean;
}

function ownFiles(job: string, patterns: readonly string[]): Pruning["own"] {
  if (patterns.length === 0) return undefined;
  const expression = new RegExp(keepExpression(patterns), "s");
  return (path) => expression.test(path.slice(`jobs/${job}/`.length));
}

async function prune(pruning: Pruning, below: string, keep: readonly string[]): Promise<void> {
  for (const entry of await readdir(join(pruning.root, below), { withFileTypes: true })) {
    const path = `${below}/${entry.name}`;
    if (keep.includes(entry.name)) continue;
    pruning.goesOn(path);
    const known = pruning.known.has(path);
    if (!known && pruning.own?.(path) === true) continue;
    if (entry.isDirectory() && (known || pruning.own)) await prune(pruning, path, []);
    if (!known && (await drop(join(pruning.root, path), pruning.own !== undefined))) pruning.deleted(path);
  }
}

/** With something to keep, a directory goes only if nothing was kept in it. Answers whether it went. */
async function drop(path: string, mayHoldSome: boolean): Promise<boolean> {
  if (mayHoldSome && (await readdir(path).catch(() => [])).length > 0) return false;
  await rm(path, { recursive: true, force: true });
  return true;
}

function cutOff({ remote, timeoutMs }: StageContext, late: boolean): MaandError {
  const what = `bringing files to ${remote.host}`;
  return late
    ? new MaandError({
        code: "TIMED_OUT",
        message: `${what} timed out after ${timeoutMs / 1000} s`,
        worker: remote.host,
      })
    : new MaandError({ code: "INTERRUPTED", message: `${what} was interrupted`, worker: remote.host });
}

function failed(host: string, path: string, cause: unknown): MaandError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const message = `${path} could not be brought to ${host}: ${reason}`;
  return new MaandError({ code: "STAGE_FAILED", message, worker: host, cause });
}
