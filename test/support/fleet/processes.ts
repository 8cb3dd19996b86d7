import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The ids of all processes in the pid namespace with this link. */
export function processesIn(namespace: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => linkOf(`/proc/${pid}/ns/pid`) === namespace);
}

/** The name of a process's program; empty if the process has ended. */
export function programOf(pid: number): string {
  return readQuietly(`/proc/${pid}/comm`).trim();
}

/** The arguments of a process, separated by spaces; empty if the process has ended. */
export function argumentsOf(pid: number): string {
  return readQuietly(`/proc/${pid}/cmdline`).replaceAll("\0", " ");
}

/** Whether a process still exists and is not a zombie. */
export function isAlive(pid: number): boolean {
  const stat = readQuietly(`/proc/${pid}/stat`);
  return stat !== "" && !/\) [ZX] /.test(stat);
}

/** Whether a process is stopped by a signal. */
export function isStopped(pid: number): boolean {
  return /\) [Tt] /.test(readQuietly(`/proc/${pid}/stat`));
}

/** Sends a signal to each process, and skips processes that have already ended. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
