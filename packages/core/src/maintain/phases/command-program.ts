import type { Argv } from "../../remote/remote.ts";

/**
 * The environment of a command that no person watches: apt and needrestart ask nothing, and needrestart restarts nothing, such
 * as the sshd that maand is connected to. It is set after sudo, which would drop it.
 */
export const QUIET_ENVIRONMENT: Readonly<Record<string, string>> = {
  DEBIAN_FRONTEND: "noninteractive",
  DEBIAN_PRIORITY: "critical",
  APT_LISTCHANGES_FRONTEND: "none",
  NEEDRESTART_MODE: "l",
  UCF_FORCE_CONFFOLD: "1",
};

/** The locks of dpkg and apt; `flock` would not see them, since these are locks of records. */
export const APT_LOCKS: readonly string[] = [
  "/var/lib/dpkg/lock-frontend",
  "/var/lib/dpkg/lock",
  "/var/lib/apt/lists/lock",
  "/var/cache/apt/archives/lock",
];

/**
 * Waits until no process holds one of the locks, and says which one does: cloud-init and unattended-upgrades hold them for
 * minutes on a machine that was just started, and are not disturbed. `-ef` makes sure that a lock in `/proc/locks`, which has
 * the number of a file only, is one of this file.
 */
const WAIT_FOR_LOCKS = `maand_holder() {
  local lock inode kind mode pid place held fd
  for lock in "$@"; do
    inode=$(stat -L -c %i -- "$lock" 2>/dev/null) || continue
    while read -r _ kind _ mode pid place _; do
      [ "$kind $mode" = "POSIX WRITE" ] && [ "\${place##*:}" = "$inode" ] && [ "$pid" -gt 0 ] || continue
      for fd in "/proc/$pid/fd/"*; do
        [ "$fd" -ef "$lock" ] || continue
        echo "$lock, held by $(cat "/proc/$pid/comm" 2>/dev/null) (pid $pid)"
        return
      done
    done </proc/locks
  done
}
maand_wait() {
  local shown= held
  while held=$(maand_holder "$@") && [ -n "$held" ]; do
    [ "$held" = "$shown" ] || echo "waiting for the lock $held" >&2
    shown=$held
    sleep 1
  done
}`;

/**
 * Runs the script in `MAAND_SCRIPT`: in the environment, because arguments are in the list of processes. A script that uses apt
 * or dpkg waits first for the locks that are named after it.
 */
const PROGRAM = `${WAIT_FOR_LOCKS}
maand_script=$MAAND_SCRIPT
unset MAAND_SCRIPT
case $maand_script in *apt*|*dpkg*) [ ! -r /proc/locks ] || maand_wait "$@" ;; esac
set --
eval "unset maand_script; unset -f maand_wait maand_holder
$maand_script"`;

/** The program that runs the command of a maintenance, with other locks for tests. */
export function commandProgram(locks: readonly string[] = APT_LOCKS): Argv {
  return ["bash", "-c", PROGRAM, "bash", ...locks];
}

/** The program that runs the command of a maintenance. */
export const COMMAND_PROGRAM: Argv = commandProgram();
