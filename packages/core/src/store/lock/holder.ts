import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** The command that holds a bucket's lock. */
export interface Holder {
  readonly pid: number;
  readonly command: string;
  /** UTC, ISO 8601. */
  readonly since: string;
  /**
   * Distinguishes its process from a later process with the same process id; undefined if the system does not provide
   * such an identity.
   */
  readonly process?: string;
  /** Its user and machine, where a bucket is used on several machines. */
  readonly user?: string;
  readonly machine?: string;
  /** The scope of `pid`: the running system and its process id namespace. */
  readonly space?: string;
}

/** The record of the command that holds a bucket's lock, separate from the lock itself. */
export interface HolderRecord {
  read(): Holder | undefined;
  write(holder: Holder): void;
  clear(): void;
}

/** The identity of a process on this machine: its start time and the boot id. Linux only. */
export function processIdentity(pid: number): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    // the second field is the program name in brackets and may contain any character; the start time is field 22
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\)/s, "").trim().split(" ");
    return `${boot} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

/**
 * Identifies this machine since its last boot, and the container on it; undefined if the system does not provide this.
 */
export function processSpace(): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return undefined;
  }
}

/** Adds the user, the machine and the identity of the process to a holder, for commands on other machines. */
export function withMachine(holder: Holder, user: string): Holder {
  const identity = processIdentity(holder.pid);
  const space = processSpace();
  return {
    ...holder,
    user,
    machine: hostname(),
    ...(identity === undefined ? {} : { process: identity }),
    ...(space === undefined ? {} : { space }),
  };
}

/** Whether the recorded process ran on this machine and certainly no longer exists. */
export function isDeadHere(holder: Holder): boolean {
  if (holder.space === undefined || holder.space !== processSpace() || holder.process === undefined) return false;
  return (
    processIdentity(holder.pid) !== holder.process &&
    (!isAlive(holder.pid) || processIdentity(holder.pid) !== undefined)
  );
}

/** Whether the process that now has the recorded process id is certainly the recorded process. */
export function isSameProcess({ pid, process }: Holder): boolean {
  return process !== undefined && processIdentity(pid) === process;
}

/** Whether the process might still be alive. If its identity cannot be read, the process id decides. */
export function mayBeAlive(holder: Holder): boolean {
  return isAlive(holder.pid) && (processIdentity(holder.pid) === undefined || isSameProcess(holder));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (cause) {
    return cause instanceof Error && "code" in cause && cause.code === "EPERM";
  }
}
