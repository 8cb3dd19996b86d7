import { readFileSync } from "node:fs";

/** The command that holds a bucket's lock. */
export interface Holder {
  readonly pid: number;
  readonly command: string;
  /** UTC, ISO 8601. */
  readonly since: string;
  /** Tells its process from another one that has its number later; undefined where the system does not say. */
  readonly process?: string;
}

/** Where it is written down which command holds a bucket's lock, apart from the lock itself. */
export interface HolderRecord {
  read(): Holder | undefined;
  write(holder: Holder): void;
  clear(): void;
}

/** The identity of a process on this machine: when it began, and after which boot. Linux only. */
export function processIdentity(pid: number): string | undefined {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    // the second field is the program's name in brackets, with anything in it; the start time is the 22nd
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\)/s, "").trim().split(" ");
    return `${boot} ${fields[19]}`;
  } catch {
    return undefined;
  }
}

/** Whether the process that wrote itself down is certainly this one that lives now. */
export function isSameProcess({ pid, process }: Holder): boolean {
  return process !== undefined && processIdentity(pid) === process;
}

/** Whether the process may still live; where its identity cannot be read, its number decides. */
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
