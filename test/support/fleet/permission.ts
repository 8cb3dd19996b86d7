import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";

const PROGRAMS = ["/usr/sbin/sshd", "/usr/bin/ssh-keygen", "/usr/bin/rsync", "/usr/bin/sudo", "/usr/bin/unshare"];

/** The reason why this machine cannot start a fleet, in one line; undefined if it can. */
export function fleetRefusal(): string | undefined {
  const missing = PROGRAMS.filter((program) => !existsSync(program));
  if (missing.length > 0) return `the fleet needs ${missing.join(", ")}: apt-get install openssh-server rsync sudo`;
  if (process.getuid?.() !== 0) return "the fleet needs root: every worker gets its own mounts and processes";
  const tried = spawnSync("unshare", ["--mount", "--pid", "--fork", "true"]);
  return tried.status === 0 ? undefined : "the fleet needs mount and pid namespaces, but unshare is not permitted here";
}
