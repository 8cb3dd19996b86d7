import { lastLines } from "../output.ts";
import type { ExecOptions, ExecResult, Remote } from "../remote.ts";

/** Why a write to a file system fails. */
export type FileSystemFailure = "is full" | "is mounted read-only" | "has exceeded the user's quota";

const FAILURES: readonly (readonly [RegExp, FileSystemFailure])[] = [
  [/No space left on device|\bENOSPC\b/, "is full"],
  [/Disk quota exceeded|\bEDQUOT\b/, "has exceeded the user's quota"],
  [/Read-only file system|\bEROFS\b/, "is mounted read-only"],
];

/** The file system failure that the output of a tool or an error of Node describes; undefined for any other text. */
export function fileSystemFailure(text: string): FileSystemFailure | undefined {
  return FAILURES.find(([pattern]) => pattern.test(text))?.[1];
}

/** The hint for a failure. */
export function fileSystemHint(failure: FileSystemFailure): string {
  return failure === "is mounted read-only"
    ? "mount it writable there, then run maand deploy"
    : "free space there, then run maand deploy; every file of the last version is intact";
}

/** Reports the file system of the nearest existing path. */
const PROGRAM = 'at=$1; while [ ! -e "$at" ]; do at=$(dirname -- "$at"); done; df -P -- "$at"';

/**
 * Where the file system of a path is mounted on a worker, with its device; undefined if the worker does not report it.
 */
export async function fileSystemOf(
  remote: Pick<Remote, "probe">,
  path: string,
  options: Pick<ExecOptions, "timeoutMs" | "signal">,
): Promise<string | undefined> {
  const argv = ["sh", "-c", PROGRAM, "sh", path];
  const result = await remote.probe(argv, { title: "df", asRoot: true, ...options }).catch(() => undefined);
  return result && mountIn(result);
}

/** The last line of `df -P`: device, three counts of blocks, a percentage, and the mount point. */
function mountIn(result: Pick<ExecResult, "stdout" | "stderr">): string | undefined {
  const line = lastLines({ stdout: result.stdout, stderr: "" }, 1).at(-1) ?? "";
  const [, device, mount] = /^(.+?)\s+\d+\s+-?\d+\s+-?\d+\s+\S+\s+(\/.*)$/.exec(line) ?? [];
  return mount === undefined ? undefined : `${mount} (${device})`;
}
