import type { SyncConflict } from "../../domain/deploy/sync-conflicts.ts";
import { isMaandError, MaandError } from "../../errors.ts";
import type { Remote } from "../remote.ts";
import { type FileSystemFailure, fileSystemHint, fileSystemOf } from "./file-system.ts";

/** STAGE_FAILED: a sync would delete or overwrite files that maand did not create; nothing was changed. */
export function syncRefused(host: string, conflicts: readonly SyncConflict[]): MaandError {
  const [first, ...others] = conflicts;
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`;
  return new MaandError({
    code: "STAGE_FAILED",
    worker: host,
    message: `files cannot be synced to ${host}: ${first?.message}${more}`,
    output: others.map(({ message }) => message),
    ...(first && { hint: first.hint }),
  });
}

/** STAGE_FAILED: a write to a file system of the worker failed. The message names the file system or path, and why. */
export async function fileSystemError(
  remote: Pick<Remote, "host" | "probe">,
  failure: FileSystemFailure,
  { path, output = [], exit, cause }: FailedWrite,
): Promise<MaandError> {
  const mount = await fileSystemOf(remote, path, { timeoutMs: 10_000 });
  return new MaandError({
    code: "STAGE_FAILED",
    worker: remote.host,
    message: `files cannot be synced to ${remote.host}: its file system ${mount ?? `at ${path}`} ${failure}`,
    hint: fileSystemHint(failure),
    output,
    ...(exit !== undefined && { exit }),
    ...(cause !== undefined && { cause }),
  });
}

/** A failed write to a file system. */
export interface FailedWrite {
  /** The path that could not be written, or one near it. */
  readonly path: string;
  readonly output?: readonly string[];
  readonly exit?: number;
  readonly cause?: unknown;
}

/** TIMED_OUT: the sync exceeded its timeout. */
export function syncTimedOut(host: string, timeoutMs: number, output: readonly string[] = []): MaandError {
  const seconds = Math.round(timeoutMs / 100) / 10;
  return new MaandError({
    code: "TIMED_OUT",
    worker: host,
    message: `syncing files to ${host} timed out after ${seconds} s`,
    output,
  });
}

/** INTERRUPTED: the run was interrupted during a sync. */
export function syncInterrupted(host: string): MaandError {
  return new MaandError({ code: "INTERRUPTED", worker: host, message: `syncing files to ${host} was interrupted` });
}

/** DISCONNECTED: the connection closed during a sync. */
export function syncDisconnected(host: string, output: readonly string[] = []): MaandError {
  return new MaandError({
    code: "DISCONNECTED",
    worker: host,
    message: `the connection to ${host} closed while files were being synced`,
    hint: "every file there is complete, either old or new; run maand deploy to sync the rest",
    output,
  });
}

/** Converts the error of a command that a sync ran on a worker to an error of the sync. */
export function asSyncError(cause: unknown, host: string, timeoutMs: number): unknown {
  if (!isMaandError(cause)) return cause;
  if (cause.code === "TIMED_OUT") return syncTimedOut(host, timeoutMs, cause.output);
  if (cause.code === "INTERRUPTED") return syncInterrupted(host);
  return cause.code === "DISCONNECTED" ? syncDisconnected(host, cause.output) : cause;
}
