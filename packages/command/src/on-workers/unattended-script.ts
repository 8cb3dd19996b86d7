import type { Argv } from "@maand/core";

/**
 * The environment of an unattended command: apt and needrestart do not prompt, and needrestart does not restart
 * services, such as the sshd that maand is connected to. The environment is set after sudo, because sudo would drop it.
 */
export const UNATTENDED_ENVIRONMENT: Readonly<Record<string, string>> = {
  DEBIAN_FRONTEND: "noninteractive",
  DEBIAN_PRIORITY: "critical",
  APT_LISTCHANGES_FRONTEND: "none",
  NEEDRESTART_MODE: "l",
  UCF_FORCE_CONFFOLD: "1",
};

/** The locks of dpkg and apt. `flock` does not see them, because they are record locks. */
export const APT_LOCKS: readonly string[] = [
  "/var/lib/dpkg/lock-frontend",
  "/var/lib/dpkg/lock",
  "/var/lib/apt/lists/lock",
  "/var/cache/apt/archives/lock",
];

/**
 * Waits until no process holds one of the locks, and prints the current holder. On a machine that was just started,
 * cloud-init and unattended-upgrades hold them for minutes, and must not be disturbed. It reads the locks from the open
 * files of processes (`/proc/PID/fdinfo`), because reading `/proc/locks` misses some while others are taken and
 * released. It finds files by the names of their links, because a lookup of each file would hang on a network file
 * system that hangs. `-ef` checks that a file with this name is the file of this machine, and not of a container.
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
 * Runs the script in the variable `MAAND_SCRIPT`, because arguments are visible in the process list. A script that uses
 * apt or dpkg first waits for the locks in the arguments.
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

/**
 * Runs the bash script in the environment variable `MAAND_SCRIPT`; a script that uses apt or dpkg first waits for their
 * locks.
 */
export const UNATTENDED_SCRIPT: Argv = unattendedScript();
