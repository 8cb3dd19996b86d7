import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import type { Readable } from "node:stream";
import { execa } from "execa";

/** A running process, in its own group. */
export interface Started {
  readonly pid: number | undefined;
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly ended: Promise<Ending>;
}

/** The result of a process. */
export interface Ending {
  /** The exit code: 128 plus the number of a signal, or 127 if it could not be started. */
  readonly code: number;
  /** Why it could not be started. */
  readonly failure?: string;
}

/** Starts a program without input; `env` is its whole environment. */
export function start(
  [program, ...words]: readonly [string, ...string[]],
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Started {
  const child = execa(program, words, {
    cwd,
    env,
    extendEnv: false,
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const started = { pid: child.pid, stdout: child.stdout, stderr: child.stderr, ended: ending(child) };
  endWithUs(started);
  return started;
}

const running = new Set<Started>();

/** If maand is ended at once, as by a second Ctrl-C, its processes are ended too. */
function endWithUs(started: Started): void {
  if (running.size === 0) process.once("exit", endAll);
  running.add(started);
  void started.ended.then(() => {
    running.delete(started);
    if (running.size === 0) process.off("exit", endAll);
  });
}

function endAll(): void {
  for (const started of running) signalGroup(started, "SIGKILL");
}

function ending(child: ChildProcess): Promise<Ending> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve({ code: code ?? 128 + (signal ? constants.signals[signal] : 0) }));
    child.once("error", ({ message }) => resolve({ code: 127, failure: message }));
  });
}

/** Sends a signal to a whole group; no remaining process is fine. */
export function signalGroup({ pid }: Pick<Started, "pid">, signal: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // no process is left
  }
}
