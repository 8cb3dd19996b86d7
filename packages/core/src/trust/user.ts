import { readFileSync } from "node:fs";
import { homedir } from "node:os";

/** The user who runs maand. */
export interface CurrentUser {
  /** Undefined on systems without user ids, where ownership is not checked. */
  readonly uid: number | undefined;
  readonly gids: readonly number[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/** The user of this process. */
export function currentUser(): CurrentUser {
  const gids = [process.getegid?.() ?? 0, ...(process.getgroups?.() ?? [])];
  return { uid: process.geteuid?.(), gids, env: process.env, home: homedir() };
}

/** The user's name from the system's user list, or the number if it has none. */
export function userName(uid: number): string {
  const line = linesOf("/etc/passwd").find((entry) => entry.split(":")[2] === String(uid));
  return line?.split(":")[0] ?? `user ${uid}`;
}

/** The lines of a file; none if it cannot be read. */
export function linesOf(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return [];
  }
}
