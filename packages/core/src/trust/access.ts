import { type Stats, statSync } from "node:fs";
import { dirname } from "node:path";
import { MaandError } from "../errors.ts";
import { userName } from "./accounts.ts";
import { currentUser } from "./user.ts";

/** Whether the operating system denied this user access to a file. */
export function isRefused(cause: unknown): cause is NodeJS.ErrnoException {
  return cause instanceof Error && "code" in cause && (cause.code === "EACCES" || cause.code === "EPERM");
}

/**
 * The error NO_ACCESS for a path that this user may not access. It names the owner of the file or directory that
 * prevents the access.
 */
export function noAccess(path: string, cause?: unknown): MaandError {
  const [at, stats] = closest(path);
  const { uid } = currentUser();
  const mine = stats.uid === uid;
  const mode = (stats.mode & 0o777).toString(8).padStart(4, "0");
  return new MaandError({
    code: "NO_ACCESS",
    message: mine
      ? `permission denied: ${at} has mode ${mode}`
      : `permission denied: ${at} belongs to ${userName(stats.uid)}, but maand runs as ${userName(uid ?? 0)}`,
    hint: mine
      ? `chmod u+rwX ${at}`
      : `run maand as ${userName(stats.uid)} or with sudo, or change its owner: sudo chown -R ${userName(uid ?? 0)} ${at}`,
    cause,
  });
}

/** A path, or the nearest directory above it that can be inspected. */
function closest(path: string): readonly [string, Stats] {
  for (let at = path; ; at = dirname(at)) {
    const stats = statOf(at);
    if (stats) return [at, stats];
  }
}

/** The entry at a path; undefined if there is none, or if it cannot be inspected. */
export function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
