import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import type { Readable, Writable } from "node:stream";
import { type Argv, reveal } from "@maand/core";

/** What a command is started with. */
export interface StartOptions {
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether its input is kept open to be written to; otherwise it has none. */
  readonly listens: boolean;
}

/** A command that runs, in a process group of its own. */
export interface Started {
  readonly pid: number | undefined;
  readonly stdin: Writable | null;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly ended: Promise<Ending>;
}

/** How a command ended. */
export interface Ending {
  /** Its exit code: 128 and the number of a signal, 127 if it could not be started. */
  readonly code: number;
  readonly bySignal: boolean;
  /** Why it could not be started. */
  readonly failure?: string;
}

/** Starts a command on this machine. It outlives us if we die, as a command on a worker does. */
export async function start(argv: Argv, { cwd, env, listens }: StartOptions): Promise<Started> {
  const { execa } = await import("execa");
  const [file = "", ...words] = argv.map(reveal);
  const child = execa(file, words, {
    cwd,
    env,
    extendEnv: false,
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
    stdin: listens ? "pipe" : "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const { pid, stdin, stdout, stderr } = child;
  stdin?.on("error", () => {});
  return { pid, stdin, stdout, stderr, ended: ending(child) };
}

function ending(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) =>
      resolve({ code: code ?? 128 + (signal ? constants.signals[signal] : 0), bySignal: signal !== null }),
    );
    child.once("error", ({ message }) => resolve({ code: 127, bySignal: false, failure: message }));
  });
}

/** Sends a signal to everything a command started; what has ended already is fine. */
export function signalGroup({ pid }: Pick<Started, "pid">, signal: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // nobody is left
  }
}
