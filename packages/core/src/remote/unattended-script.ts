import type { Argv } from "./remote.ts";

/**
 * The environment of a command that no person watches: apt and needrestart ask nothing, and needrestart restarts nothing, such
 * as the sshd that maand is connected to. It is set after sudo, which would drop it.
 */
export const UNATTENDED_ENVIRONMENT: Readonly<Record<string, string>> = {
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
 * Waits until no process holds one of the locks, and prints which one does: cloud-init and unattended-upgrades hold them for
 * minutes on a machine that was just started, and are not disturbed. The locks are read from the open files of processes
 * (`/proc/PID/fdinfo`), since reading `/proc/locks` misses some while others are taken and released. Files are found by the
 * names of their links, because asking for the file of each would hang where a network file system does; `-ef` makes sure that
 * a file of this name is this one, and not one in a container.
 */
const WAIT_FOR_LOCKS = `maand_holder() {
  local lock fd pid line
  for lock in "$@"; do
    [ -e "$lock" ] || continue
    while IFS= read -r fd; do
      [ "$fd" -ef "$lock" ] || continue
      while IFS= read -r line; do
        case $line in lock:*POSIX*WRITE*) ;; *) continue ;; esac
        pid=\${fd#/proc/}
        pid=\${pid%%/*}
        echo "$lock, held by $(cat "/proc/$pid/comm" 2>/dev/null) (pid $pid)"
        return
      done 2>/dev/null <"\${fd%/fd/*}/fdinfo/\${fd##*/}"
    done < <(find /proc/[0-9]*/fd -maxdepth 1 -lname "$(readlink -f -- "$lock")" 2>/dev/null)
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
case $maand_script in *apt*|*dpkg*) maand_wait "$@" ;; esac
set --
eval "unset maand_script; unset -f maand_wait maand_holder
$maand_script"`;

/** The program that runs the script in `MAAND_SCRIPT`, with other locks for tests. */
export function unattendedScript(locks: readonly string[] = APT_LOCKS): Argv {
  return ["bash", "-c", PROGRAM, "bash", ...locks];
}

/** Runs the bash script in the environment variable `MAAND_SCRIPT`; one that uses apt or dpkg waits for their locks first. */
export const UNATTENDED_SCRIPT: Argv = unattendedScript();
