import { lstatSync, realpathSync, type Stats } from "node:fs";
import { delimiter, dirname, join, relative, resolve } from "node:path";
import { MaandError } from "../errors.ts";
import { statOf } from "./access.ts";
import { groupName, linesOf, membersOf, userName } from "./accounts.ts";
import { type CurrentUser, currentUser } from "./user.ts";

/** The environment variable that lists bucket directories to trust although others can change them. */
export const SAFE_DIRECTORIES = "MAAND_SAFE_DIRECTORIES";

/**
 * Refuses a bucket whose directory others can change, or that has a part that belongs to another user. The
 * configuration and plugins of a bucket are code, and maand also finds a bucket above the current directory. The bucket
 * must belong to the current user or to root; for root, files of the user who called sudo are also accepted. This is
 * the same rule as git's `safe.directory` (git-config(1)). Throws BUCKET_NOT_TRUSTED.
 */
export function checkOwner(root: string, parts: readonly string[], user: CurrentUser = currentUser()): void {
  const refuse = (path: string, reason: string | undefined) => {
    if (reason !== undefined && !isListed(root, user)) throw notTrusted(root, path, reason, user);
  };
  refuse(root, distrust(root, user));
  for (const part of parts) refuse(join(root, part), foreign(join(root, part), user));
}

/**
 * Refuses a code or configuration file that another user can change. The other user may own the file or a directory
 * between the file and the bucket, or a mode may allow others to write. A file outside the bucket is checked with its
 * own directory. Throws BUCKET_NOT_TRUSTED.
 */
export function checkCode(root: string, file: string, user: CurrentUser = currentUser()): void {
  for (const path of changeable(root, file)) {
    const reason = distrust(path, user);
    if (reason !== undefined && !isListed(root, user)) throw notTrusted(root, path, reason, user);
  }
}

/** Why a code file of the bucket is not trusted, such as `belongs to nobody`; undefined if it is. */
export function distrusted(root: string, file: string, user: CurrentUser = currentUser()): string | undefined {
  const reason = distrust(file, user);
  return reason === undefined || isListed(root, user) ? undefined : reason;
}

/** A file, the target if it is a link, and the directories in which either could be replaced. */
function changeable(root: string, file: string): string[] {
  const real = realPath(file);
  return real === file ? upwards(root, file) : [...upwards(root, file), ...upwards(realPath(root), real)];
}

function upwards(root: string, file: string): string[] {
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
  // in a directory like /tmp, only the owner of a file can replace the file
  const isSticky = stats.isDirectory() && (stats.mode & 0o1000) !== 0;
  if ((stats.mode & 0o002) !== 0 && !isSticky) return "can be written by every user on this machine";
  return (stats.mode & 0o020) !== 0 && !isSticky && hasOthers(stats.gid, user)
    ? `can be written by the group ${groupName(stats.gid, user.accounts)}, which has other users`
    : undefined;
}

/**
 * Whether other users are in a group. Many systems give every user a private group and umask 002; members of root's
 * group are treated like root. A group unknown to this system, such as one in a container, is assumed to have other
 * users unless the current user is a member.
 */
function hasOthers(gid: number, user: CurrentUser): boolean {
  if (gid === 0) return false;
  const members = membersOf(gid, user.accounts);
  if (!members) return !user.gids.includes(gid);
  const trusted = trustedUids(user);
  return members.some((uid) => uid === undefined || trusted?.has(uid) === false);
}

/** The owner of a path, or of the link at that path, if it is another user. */
function foreign(path: string, user: CurrentUser): string | undefined {
  const trusted = trustedUids(user);
  const owners = [statOf(path)?.uid, linkOf(path)?.uid];
  const owner = owners.find((uid) => uid !== undefined && trusted?.has(uid) === false);
  return owner === undefined ? undefined : `belongs to ${userName(owner, user.accounts)}`;
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
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

/** Whether the user trusts the directory: in the environment, or in the user's own file. `*` trusts every directory. */
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
    message: `${path} ${reason}, but maand runs as ${userName(uid)}; nothing in it was run`,
    hint: `${fix}; or, if you trust it, set ${SAFE_DIRECTORIES}=${root}`,
  });
}
