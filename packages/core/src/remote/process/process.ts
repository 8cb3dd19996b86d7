import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import { Duplex, Readable, type Writable } from "node:stream";

/** Options for starting a process on this machine. */
export interface ProcessOptions {
  readonly cwd?: string;
  /** Its whole environment; default: the environment of maand. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether its input is a pipe; otherwise it has no input. */
  readonly stdin?: boolean;
  /** The number of further pipes, as its descriptors 3, 4, ...; each can be read and written. */
  readonly pipes?: number;
  /** Whether it is killed when maand exits. Otherwise, it keeps running, like a command on a worker. */
  readonly endsWithUs?: boolean;
  /**
   * Whether it stays in the process group of maand, so that it can prompt on the terminal. Ctrl-C then reaches it too.
   */
  readonly onTerminal?: boolean;
}

/** The end of a process. */
export interface ProcessEnd {
  /** The exit code: 128 plus the number of a signal, or 127 if it could not be started. */
  readonly code: number;
  readonly bySignal: boolean;
  /** Why it could not be started. */
  readonly failure?: string;
  /** Whether it could not be started because the program does not exist. */
  readonly missing?: boolean;
}

/** A process on this machine, by default in its own process group, so that Ctrl-C reaches only maand. */
export interface RunningProcess {
  readonly stdin: Writable | null;
  /** Output without a reader is dropped after the current turn of the event loop. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly pipes: readonly Duplex[];
  /** Never rejects. */
  readonly ended: Promise<ProcessEnd>;
  /**
   * Sends a signal to its whole group, or only to the process if it is in the group of maand. Does nothing if no
   * process is left.
   */
  signal(signal: "SIGTERM" | "SIGKILL"): void;
  /** Closes all its pipes. */
  closePipes(): void;
}

/** Starts a program with execa. Never throws: a program that cannot be started ends with code 127 and a `failure`. */
export async function startProcess(argv: readonly string[], options: ProcessOptions = {}): Promise<RunningProcess> {
  const { child, notStarted } = await start(argv, options);
  const pipes = child.stdio.slice(3).flatMap((stream) => (stream instanceof Duplex ? [stream] : []));
  const { stdin } = child;
  const [stdout, stderr] = [child.stdout ?? Readable.from([]), child.stderr ?? Readable.from([])];
  const all = [stdin, stdout, stderr, ...pipes];
  for (const stream of all) stream?.on("error", () => {}); // the exit code of the process is more specific
  const started: RunningProcess = {
    stdin,
    stdout,
    stderr,
    pipes,
    ended: Promise.race([endOf(child), notStarted]),
    signal: (signal) => (options.onTerminal ? void child.kill(signal) : signalGroup(child.pid, signal)),
    closePipes: () => {
      for (const stream of all) stream?.destroy();
    },
  };
  if (options.endsWithUs) endWithUs(started);
  return started;
}

/**
 * For some failures, such as too many arguments, the child emits no event, and only execa's promise contains the error.
 */
async function start(
  [program = "", ...words]: readonly string[],
  { cwd, env, stdin = false, pipes = 0, onTerminal = false }: ProcessOptions,
): Promise<{ readonly child: ChildProcess; readonly notStarted: Promise<ProcessEnd> }> {
  const { execa } = await import("execa"); // loaded here because most commands start no process
  const child = execa(program, words, {
    detached: !onTerminal,
    cleanup: false,
    buffer: false,
    reject: false,
    stdio: [stdin ? "pipe" : "ignore", "pipe", "pipe", ...Array.from({ length: pipes }, () => "pipe" as const)],
    ...(cwd !== undefined && { cwd }),
    ...(env !== undefined && { env, extendEnv: false }),
  });
  const notStarted = new Promise<ProcessEnd>((resolve) => {
    void child.then((result) => {
      if (child.pid === undefined)
        resolve(failedStart(result.originalMessage ?? "it could not be started", result.code));
    });
  });
  return { child, notStarted };
}

function endOf(child: ChildProcess): Promise<ProcessEnd> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) =>
      resolve({ code: code ?? 128 + (signal ? constants.signals[signal] : 0), bySignal: signal !== null }),
    );
    child.once("error", ({ message, code }: NodeJS.ErrnoException) => resolve(failedStart(message, code)));
  });
}

function failedStart(failure: string, code: string | undefined): ProcessEnd {
  return { code: 127, bySignal: false, failure, missing: code === "ENOENT" };
}

function signalGroup(pid: number | undefined, signal: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // no process is left
  }
}

const endingWithUs = new Set<RunningProcess>();

function endWithUs(started: RunningProcess): void {
  if (endingWithUs.size === 0) process.once("exit", killAll);
  endingWithUs.add(started);
  void started.ended.then(() => {
    endingWithUs.delete(started);
    if (endingWithUs.size === 0) process.off("exit", killAll);
  });
}

function killAll(): void {
  for (const started of endingWithUs) started.signal("SIGKILL");
}
