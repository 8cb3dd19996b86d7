import { lstatSync, type Stats } from "node:fs";
import { delimiter, dirname, join, relative, resolve } from "node:path";
import { MaandError } from "../errors.ts";
import { statOf } from "./access.ts";
import { type CurrentUser, currentUser, linesOf, userName } from "./user.ts";

/** The environment variable that lists bucket directories to trust although others can change them. */
export const SAFE_DIRECTORIES = "MAAND_SAFE_DIRECTORIES";

/**
 * Refuses a bucket if one of these parts belongs to another user: its configuration and plugins are code, and a bucket above
 * the current directory is found without being named. The bucket must belong to the current user or to root; for root, files
 * of the user who called sudo count as well. This is the rule of git's `safe.directory` (git-config(1)). Throws
 * BUCKET_NOT_TRUSTED.
 */
export function checkOwner(root: string, parts: readonly string[], user: CurrentUser = currentUser()): void {
  for (const part of parts) {
    const reason = foreign(join(root, part), user);
    if (reason !== undefined && !isListed(root, user)) throw notTrusted(root, join(root, part), reason, user);
  }
}

/**
 * Refuses a file of code or configuration that another user can change: by owning it or a directory between it and the
 * bucket, or because its mode lets others write. A file outside the bucket is checked with its own directory. Throws
 * BUCKET_NOT_TRUSTED.
 */
export function checkCode(root: string, file: string, user: CurrentUser = currentUser()): void {
  for (const path of changeable(root, file)) {
    const reason = distrust(path, user);
    if (reason !== undefined && !isListed(root, user)) throw notTrusted(root, path, reason, user);
  }
}

/** Why a file of code of the bucket is not trusted: `belongs to nobody`; undefined if it is. */
export function distrusted(root: string, file: string, user: CurrentUser = currentUser()): string | undefined {
  const reason = distrust(file, user);
  return reason === undefined || isListed(root, user) ? undefined : reason;
}

/** A file and the directories in which it could be replaced. */
function changeable(root: string, file: string): string[] {
  const inside = !relative(root, file).startsWith("..");
  const paths = [file];
  for (let at = dirname(file); ; at = dirname(at)) {
    paths.push(at);
    if (!inside || at === root || at === dirname(at)) return paths;
  }
}

function distrust(path: string, user: CurrentUser): string | undefined {
  const owned = foreign(path, user);
  if (owned !== undefined || user.uid === undefined) return owned;
  const stats = statOf(path);
  if (!stats) return undefined;
  // in a directory like /tmp only the owner of a file can replace it
  const isSticky = stats.isDirectory() && (stats.mode & 0o1000) !== 0;
  if ((stats.mode & 0o002) !== 0 && !isSticky) return "can be written by every user of this machine";
  const isOurGroup = groups(user).includes(stats.gid);
  return (stats.mode & 0o020) !== 0 && !isSticky && !isOurGroup
    ? `can be written by the group ${groupName(stats.gid)}`
    : undefined;
}

/** Groups whose members the user shares files with on purpose. */
function groups({ uid, gids, env }: CurrentUser): number[] {
  return uid === 0 ? [0, ...gids, Number(env.SUDO_GID ?? 0)] : [0, ...gids];
}

/** Another owner of a path, or of the link that stands there. */
function foreign(path: string, user: CurrentUser): string | undefined {
  const trusted = trustedUids(user);
  const owners = [statOf(path)?.uid, linkOf(path)?.uid];
  const owner = owners.find((uid) => uid !== undefined && trusted?.has(uid) === false);
  return owner === undefined ? undefined : `belongs to ${userName(owner)}`;
}

function linkOf(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
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

function notTrusted(root: string, path: string, reason: string, { uid = 0 }: CurrentUser): MaandError {
  const fix = reason.startsWith("can be") ? `chmod go-w ${path}` : `change its owner: chown ${userName(uid)} ${path}`;
  return new MaandError({
    code: "BUCKET_NOT_TRUSTED",
    message: `${path} ${reason}, and maand runs as ${userName(uid)}; nothing of it was run`,
    hint: `${fix}; or, if you trust it, set ${SAFE_DIRECTORIES}=${root}`,
  });
}

function groupName(gid: number): string {
  const line = linesOf("/etc/group").find((entry) => entry.split(":")[2] === String(gid));
  return line?.split(":")[0] ?? String(gid);
}
