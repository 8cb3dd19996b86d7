import { chmod, readdir, rm } from "node:fs/promises";
import { join, relative } from "node:path";
import { isMaandError, MaandError, type Remote, type StageContext, timeLimit } from "@maand/core";
import {
  fileSystemError,
  fileSystemFailure,
  keepExpression,
  type SyncedPaths,
  syncConflicts,
  syncedPaths,
  syncInterrupted,
  syncRefused,
  syncTimedOut,
} from "@maand/core/internal";
import { dropDrafts, dropOldDrafts, placeDirectory, prepareFile, type Replacement, replaceFile } from "./place.ts";
import { type WantedFiles, wantedFiles } from "./sources.ts";
import { lookAt, surveyLocal } from "./survey.ts";
import { takeFence } from "./take-fence.ts";

/**
 * Makes a local worker's directory equal to the staged trees. Files that differ are first written next to their paths,
 * and moved into place when all are written, each atomically, so that a full disk leaves the old files intact. Then it
 * deletes files that a job no longer has, except those that it keeps. Other jobs are not touched.
 * @throws STAGE_FAILED, TIMED_OUT, INTERRUPTED
 */
export async function stageLocal(context: StageContext): Promise<void> {
  const { remote, jobs, keep, protect } = context;
  const { host, root } = remote;
  const step = stepper(context);
  try {
    const wanted = await wantedFiles(context);
    const synced = syncedPaths({ files: wanted.keys(), jobs, keep, protect });
    const conflicts = syncConflicts(await surveyLocal(root, synced), synced);
    if (conflicts.length > 0) throw syncRefused(host, conflicts);
    await takeFence(remote);
    await replaceFiles(root, wanted, synced, step);
    for (const job of jobs) {
      const own = ownFiles(job, protect.get(job) ?? []);
      await prune({ root, synced, step, deleted: context.deleted, ...(own ? { own } : {}) }, `jobs/${job}`, keep);
    }
  } catch (cause) {
    throw isMaandError(cause) ? cause : await failed(remote, step.at, cause);
  }
}

interface Step {
  /** The current path, for the error message. */
  at: string;
  /** Continues with another path, unless the time limit expired or the run was interrupted. */
  to(path: string): void;
}

function stepper({ remote, signal, timeoutMs }: StageContext): Step {
  const limit = timeLimit(timeoutMs);
  const step = {
    at: remote.root,
    to(path: string) {
      step.at = path;
      if (limit.aborted) throw syncTimedOut(remote.host, timeoutMs);
      if (signal.aborted) throw syncInterrupted(remote.host);
    },
  };
  return step;
}

async function replaceFiles(root: string, wanted: WantedFiles, synced: SyncedPaths, step: Step): Promise<void> {
  const linkable = ["jobs", ...synced.jobs.map((job) => `jobs/${job}`)];
  const directories = [...synced.directories].sort();
  for (const path of [".", ...linkable, ...directories]) await dropOldDrafts(join(root, path));
  const replacements: Replacement[] = [];
  try {
    for (const [path, file] of wanted) {
      step.to(path);
      const replacement = await prepareFile(root, path, file);
      if (replacement) replacements.push(replacement);
    }
    await putInPlace(root, [...linkable, ...directories], replacements, step);
  } catch (cause) {
    await dropDrafts(replacements);
    throw cause;
  }
}

/**
 * Moves the files into place. This is not interrupted, because it is fast, and half of it would be neither the old
 * version nor the new one.
 */
async function putInPlace(
  root: string,
  directories: readonly string[],
  replacements: readonly Replacement[],
  step: Step,
): Promise<void> {
  for (const path of directories) {
    step.at = path;
    const found = await lookAt(join(root, path));
    if (found?.isSymbolicLink()) continue; // a link of the operator: its target is left unchanged
    if (!found?.isDirectory()) await placeDirectory(join(root, path));
    else if (path !== "jobs" && (found.mode & 0o777) !== 0o755) await chmod(join(root, path), 0o755);
  }
  for (const replacement of replacements) {
    step.at = relative(root, replacement.path);
    await replaceFile(replacement);
  }
}

interface Pruning {
  readonly root: string;
  readonly synced: SyncedPaths;
  readonly step: Step;
  deleted(path: string): void;
  /** Whether the job created a path itself and keeps it; absent if it keeps nothing. */
  own?(path: string): boolean;
}

function ownFiles(job: string, patterns: readonly string[]): Pruning["own"] {
  if (patterns.length === 0) return undefined;
  const expression = new RegExp(keepExpression(patterns), "su");
  return (path) => expression.test(path.slice(`jobs/${job}/`.length));
}

async function prune(pruning: Pruning, below: string, keep: readonly string[], directory?: Buffer): Promise<void> {
  const { root, synced, step, own } = pruning;
  for (const { name, bytes, isDirectory } of await namesIn(directory ?? Buffer.from(join(root, below)))) {
    const path = `${below}/${name}`;
    if (keep.includes(name)) continue;
    step.to(path);
    const known = synced.files.has(path) || synced.directories.has(path);
    if (!known && own?.(path) === true) continue;
    if (isDirectory && (known || own)) await prune(pruning, path, [], bytes);
    if (!known && (await drop(bytes, own !== undefined))) pruning.deleted(path);
  }
}

/** Names in a directory with their paths in bytes, because a job may create a file with a name that is not UTF-8. */
async function namesIn(directory: Buffer): Promise<{ name: string; bytes: Buffer; isDirectory: boolean }[]> {
  const entries = await readdir(directory, { withFileTypes: true, encoding: "buffer" });
  return entries.map((entry) => ({
    name: entry.name.toString(),
    bytes: Buffer.concat([directory, Buffer.from("/"), entry.name]),
    isDirectory: entry.isDirectory(),
  }));
}

/** Deletes a path; a directory only if nothing in it is kept. Returns whether it was deleted. */
async function drop(path: Buffer, mayHoldSome: boolean): Promise<boolean> {
  if (mayHoldSome && (await readdir(path, { encoding: "buffer" }).catch(() => [])).length > 0) return false;
  await rm(path, { recursive: true, force: true });
  return true;
}

async function failed(remote: Remote, path: string, cause: unknown): Promise<MaandError> {
  const { host, root } = remote;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const failure = fileSystemFailure(reason);
  if (failure !== undefined)
    return fileSystemError(remote, failure, { path: join(root, path), output: [reason], cause });
  const message = `${path} cannot be synced to ${host}: ${reason}`;
  return new MaandError({ code: "STAGE_FAILED", message, worker: host, cause });
}
