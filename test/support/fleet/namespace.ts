import { type ChildProcess, spawn } from "node:child_process";
import { readlinkSync } from "node:fs";
import { isAlive, processesIn, signalAll } from "./processes.ts";
import { PROGRAMS_AT } from "./shutdown.ts";
import { until } from "./until.ts";

/** The mounts and processes of one worker, separate from those of this machine. */
export interface Namespace {
  /** Path prefix under which this process sees the worker's files. */
  readonly root: string;
  /** Arguments to put before a command, so that it runs in the namespace. */
  readonly enter: readonly string[];
  /** All processes in the namespace, except those that keep it open. */
  processes(): number[];
  /** Terminates all processes in the namespace. */
  close(): Promise<void>;
}

/**
 * Separates the bucket directory, the processes and `/proc` of a worker, but not `/run/lock` and the home directory.
 * With `setpriv --pdeathsig`, everything ends with the test process, even if the test process is killed. The inner
 * `wait` reaps orphans of daemons.
 */
const OUTER = ["--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=KILL"];
const HOLD = "sleep infinity & echo ready; wait";

/** The file with the kernel's boot id. */
const BOOT_ID = "/proc/sys/kernel/random/boot_id";

/** Directories and files of this machine that are mounted in a worker. */
export interface Mounts {
  readonly worker: string;
  /**
   * A directory of programs that come first in PATH, so that a shutdown on the worker never runs the program of this
   * machine.
   */
  readonly programs: string;
  /** A file that replaces the kernel's boot id; default: the id of this machine. */
  readonly bootId?: string;
}

/** Opens a namespace whose `/opt/worker` is a directory or, with `diskKb`, a file system in memory of that size. */
export async function openNamespace(
  { worker, programs, bootId = "" }: Mounts,
  diskKb: number | undefined,
): Promise<Namespace> {
  const mount = diskKb
    ? `mount -t tmpfs -o mode=0755,size=${diskKb}k tmpfs /opt/worker`
    : 'mount --bind "$1" /opt/worker';
  const script = `${mount} && mount --bind "$2" ${PROGRAMS_AT} && { test -z "$3" || mount --bind "$3" ${BOOT_ID}; } || exit 1; ${HOLD}`;
  const holder = spawn("setpriv", [...OUTER, "sh", "-c", script, "maand-fleet", worker, programs, bootId], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  await ready(holder);
  holder.unref();
  const inside = readlinkSync(`/proc/${holder.pid}/ns/pid_for_children`);
  const members = () => processesIn(inside);
  const holders = new Set(members());
  return {
    root: `/proc/${holder.pid}/root`,
    enter: ["nsenter", `--mount=/proc/${holder.pid}/ns/mnt`, `--pid=/proc/${holder.pid}/ns/pid_for_children`, "--"],
    processes: () => members().filter((pid) => !holders.has(pid)),
    async close() {
      if (holder.pid) signalAll([holder.pid], "SIGKILL");
      await until("the worker's processes to end", () => !members().some(isAlive));
    },
  };
}

function ready(holder: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let complaint = "";
    holder.stderr?.on("data", (chunk: Buffer) => {
      complaint += chunk;
    });
    holder.stdout?.once("data", () => resolve());
    holder.once("error", reject);
    holder.once("exit", () => reject(new Error(`no namespace for a fleet worker: ${complaint.trim()}`)));
  });
}
