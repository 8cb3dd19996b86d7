import { readFileSync, type Stats, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { MaandError } from "../errors.ts";
import { CONFIG_PLACES } from "./config.ts";

/** The environment variable that lists bucket directories to trust although another user owns them. */
export const SAFE_DIRECTORIES = "MAAND_SAFE_DIRECTORIES";

/** The user who runs maand. */
export interface CurrentUser {
  /** Undefined on systems without user ids, where ownership is not checked. */
  readonly uid: number | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly home: string;
}

/** The parts of a bucket that maand runs code from or trusts, besides its configuration files. */
const TRUSTED_PARTS = [".", "maand.conf", "workspace", "data", "data/maand.db", "secrets"];

/**
 * Refuses a bucket that belongs to another user: its configuration and plugins are code, and a bucket above the current
 * directory is found without being named. The bucket must belong to the current user or to root; for root, files of the user
 * who called sudo count as well. This is the rule of git's `safe.directory` (git-config(1)). Throws BUCKET_NOT_TRUSTED.
 */
export function checkOwner(root: string, user: CurrentUser = currentUser()): void {
  const trusted = trustedUids(user);
  if (trusted === undefined) return;
  for (const part of [...TRUSTED_PARTS, ...CONFIG_PLACES]) {
    const owner = statOf(join(root, part))?.uid;
    if (owner === undefined || trusted.has(owner)) continue;
    if (isListed(root, user)) return;
    throw notTrusted(root, part, owner, trusted);
  }
}

/** Whether something exists. A directory that may not be entered throws NO_ACCESS, because "not there" would be a guess. */
export function isThere(root: string, path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (cause) {
    if (!isRefused(cause)) return false;
    const owner = statOf(root)?.uid;
    throw new MaandError({
      code: "NO_ACCESS",
      message: `permission denied: the bucket in ${root} belongs to ${owner === undefined ? "another user" : userName(owner)}`,
      hint: "run maand as that user, or with sudo",
      cause,
    });
  }
}

function currentUser(): CurrentUser {
  return { uid: process.geteuid?.(), env: process.env, home: homedir() };
}

function trustedUids({ uid, env }: CurrentUser): ReadonlySet<number> | undefined {
  if (uid === undefined) return undefined;
  const caller = uid === 0 ? Number(env.SUDO_UID ?? Number.NaN) : Number.NaN;
  return new Set([uid, 0, ...(Number.isInteger(caller) ? [caller] : [])]);
}

/** Whether the user trusts the directory: in the environment, or in a file of their own. `*` trusts every directory. */
function isListed(root: string, { env, home }: CurrentUser): boolean {
  const named = [...(env[SAFE_DIRECTORIES] ?? "").split(delimiter), ...linesOf(safeDirectoriesFile(env, home))];
  return named.some((line) => line.trim() === "*" || (line.trim() !== "" && resolve(line.trim()) === root));
}

function safeDirectoriesFile(env: CurrentUser["env"], home: string): string {
  return join(env.XDG_CONFIG_HOME || join(home, ".config"), "maand", "safe-directories");
}

function linesOf(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return [];
  }
}

function notTrusted(root: string, part: string, owner: number, trusted: ReadonlySet<number>): MaandError {
  const [uid = 0] = trusted;
  const what = part === "." ? root : join(root, part);
  return new MaandError({
    code: "BUCKET_NOT_TRUSTED",
    message: `${what} belongs to ${userName(owner)}, and maand runs as ${userName(uid)}; nothing of this bucket was run`,
    hint: `if you trust it, set ${SAFE_DIRECTORIES}=${root}, or change its owner`,
  });
}

/** The user's name from the system's user list, or the number if it has none. */
function userName(uid: number): string {
  const line = linesOf("/etc/passwd").find((entry) => entry.split(":")[2] === String(uid));
  return line?.split(":")[0] ?? `user ${uid}`;
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function isRefused(cause: unknown): boolean {
  return cause instanceof Error && "code" in cause && (cause.code === "EACCES" || cause.code === "EPERM");
}
