import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** The users and groups known to this system, as lines of passwd(5) and group(5). */
export interface Accounts {
  users(): readonly string[];
  /** The line of a group; undefined if this system does not know it. */
  group(gid: number): string | undefined;
}

/** The accounts of this system: its files and, for a group that is not in them, its directory service. */
export const SYSTEM_ACCOUNTS: Accounts = {
  users: () => linesOf("/etc/passwd"),
  group: (gid) => linesOf("/etc/group").find((line) => line.split(":")[2] === String(gid)) ?? fromDirectoryService(gid),
};

/** The name of a user, or the numeric id if the user has no name. */
export function userName(uid: number, accounts: Accounts = SYSTEM_ACCOUNTS): string {
  return nameIn(accounts.users(), uid) ?? `user ${uid}`;
}

/** The name of a group, or the numeric id if the group has no name. */
export function groupName(gid: number, accounts: Accounts = SYSTEM_ACCOUNTS): string {
  return accounts.group(gid)?.split(":")[0] || String(gid);
}

/**
 * The ids of the users in a group: its listed members, and the users whose primary group it is. A member that is not in
 * the list of users is returned as undefined. For an unknown group, the result is undefined.
 */
export function membersOf(gid: number, accounts: Accounts): readonly (number | undefined)[] | undefined {
  const line = accounts.group(gid);
  if (line === undefined) return undefined;
  const users = accounts.users().map((entry) => entry.split(":"));
  const listed = (line.split(":")[3] ?? "").split(",").filter((name) => name !== "");
  const named = listed.map((name) => users.find(([user]) => user === name)?.[2]);
  const own = users.filter((fields) => fields[3] === String(gid)).map((fields) => fields[2]);
  return [...named, ...own].map((uid) => (uid === undefined ? undefined : Number(uid)));
}

/** The lines of a file; empty if the file cannot be read. */
export function linesOf(file: string): string[] {
  try {
    return readFileSync(file, "utf8").split("\n");
  } catch {
    return [];
  }
}

function nameIn(lines: readonly string[], id: number): string | undefined {
  return lines.find((line) => line.split(":")[2] === String(id))?.split(":")[0];
}

/** getent(1) also queries LDAP and similar services. */
function fromDirectoryService(gid: number): string | undefined {
  const { status, stdout } = spawnSync("getent", ["group", String(gid)], { encoding: "utf8", timeout: 5_000 });
  return status === 0 ? stdout.trim() : undefined;
}
