import { resolve } from "node:path";
import { findBucket, isMaandError, isRefused, MaandError, noAccess } from "@maand/core/readonly";
import type { ProcessContext } from "./context.ts";
import { systemText } from "./system-text.ts";
import { unexpected } from "./unexpected.ts";

/** Converts any thrown value to an error that can be shown: with a code, and with its stack trace only in a file. */
export function shownError(cause: unknown, { cwd, now }: Pick<ProcessContext, "cwd" | "now">): MaandError {
  if (isMaandError(cause)) return cause;
  if (isRefused(cause) && cause.path !== undefined) return noAccess(resolve(cause.path), cause);
  if (isSystemError(cause)) return systemError(cause);
  return new MaandError({ code: "UNEXPECTED", ...unexpected(cause, now(), () => findBucket(cwd).logs) });
}

/** Whether the operating system refused something, such as writing to a full disk. */
function isSystemError(cause: unknown): cause is NodeJS.ErrnoException {
  return cause instanceof Error && "syscall" in cause && "code" in cause;
}

/** Hints for the most frequent errors of the operating system. */
const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: "free space on that disk and run the command again",
  EDQUOT: "free space within your quota and run the command again",
  EROFS: "its file system is read-only: mount it writable, or work on another copy of the bucket",
  EMFILE: "raise the limit of open files (ulimit -n), or lower the concurrency",
  ENFILE: "raise the limit of open files on this machine (fs.file-max)",
  ENOMEM: "free memory on this machine and run the command again",
  EIO: "check the health of that disk, and the kernel log",
};

function systemError(cause: NodeJS.ErrnoException): MaandError {
  const where = cause.path === undefined ? "" : `${cause.path}: `;
  const hint = HINTS[cause.code ?? ""];
  return new MaandError({
    code: "SYSTEM",
    message: `${where}cannot ${cause.syscall ?? "continue"}: ${systemText(cause)}`,
    ...(hint === undefined ? {} : { hint }),
    cause,
  });
}
