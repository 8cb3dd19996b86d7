import type { ChildProcess } from "node:child_process";
import { Output } from "./output.ts";
import { BeginMarker } from "./begin-marker.ts";
import type { ExecOptions, ExecResult } from "./remote.ts";
import { timeLimit } from "./time-limit.ts";

/** Exit code of a program that a signal ended. */
export const SIGNALLED = -1;

/** What is to be done with a program that runs a command on a worker. */
export interface Following extends Pick<ExecOptions, "stdin" | "stopWord" | "signal" | "onLine"> {
  /** Goes to its input before `stdin`. */
  readonly preface: string;
  readonly timeoutMs: number;
  readonly graceMs: number;
  /** Aborts when the remote is closed. */
  readonly closing: AbortSignal;
  /** Ends the process with this id over there. */
  kill(pid: number): void;
}

/** What became of it. */
export interface Ended {
  readonly result: ExecResult;
  /** What ended it before its time. */
  readonly cut: "TIMED_OUT" | "INTERRUPTED" | "DISCONNECTED" | undefined;
  /** Whether the command is known to have begun over there. */
  readonly begun: boolean;
  /** Why the program could not be started. */
  readonly failure: string | undefined;
}

/** Follows a program to its end, which comes at the latest `graceMs` after its time was up or it was interrupted. */
export async function followProgram(child: ChildProcess, how: Following): Promise<Ended> {
  const began = performance.now();
  const output = new Output(how.onLine);
  let begun = false;
  const pid = new Promise<number>((resolve) => {
    for (const stream of ["stdout", "stderr"] as const) {
      const marker = new BeginMarker(
        (id) => {
          begun = true;
          if (id !== undefined) resolve(id);
        },
        (chunk) => output.push(stream, chunk),
      );
      child[stream]?.on("data", (chunk: Buffer) => marker.push(chunk)).on("close", () => marker.end());
    }
  });
  let failure: string | undefined;
  const closed = new Promise<number>((resolve) => {
    child.once("error", ({ message }) => {
      failure = message;
      resolve(SIGNALLED);
    });
    child.once("close", (code) => resolve(code ?? SIGNALLED));
  });
  feed(child, how);
  const cut = await firstOf(closed, how);
  if (cut !== undefined) await end(child, cut, how, pid, closed);
  const code = await closed;
  return { result: output.end(code, performance.now() - began), cut, begun, failure };
}

/** Sends a signal to a program and all it started here; what has ended already is fine. */
export function endGroup({ pid }: Pick<ChildProcess, "pid">, signal: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // nobody is left
  }
}

/** Whether an exit code is one that `timeout` gives. */
export function isTimeout(code: number): boolean {
  return code === 124 || code === 137;
}

function feed(child: ChildProcess, { preface, stdin, stopWord }: Following): void {
  child.stdin?.on("error", () => {}); // a command that ends early reads nothing more
  if (preface !== "") child.stdin?.write(preface);
  if (stdin !== undefined) child.stdin?.write(stdin);
  if (stopWord === undefined) child.stdin?.end();
}

/** One signal of them all: listening to the run's own for every command would look like a leak to Node. */
function firstOf(closed: Promise<unknown>, { timeoutMs, signal, closing }: Following): Promise<Ended["cut"]> {
  const limit = timeLimit(timeoutMs);
  const any = AbortSignal.any([limit, closing, ...(signal ? [signal] : [])]);
  return new Promise((resolve) => {
    const cut = () => resolve(closing.aborted ? "DISCONNECTED" : signal?.aborted ? "INTERRUPTED" : "TIMED_OUT");
    if (any.aborted) cut();
    any.addEventListener("abort", cut, { once: true });
    closed.then(() => {
      any.removeEventListener("abort", cut);
      resolve(undefined);
    });
  });
}

/** Asks the command to end, in its own word if it has one, and ends the program when that was in vain. */
async function end(
  child: ChildProcess,
  cut: Ended["cut"],
  { stopWord, graceMs, kill }: Following,
  pid: Promise<number>,
  closed: Promise<unknown>,
): Promise<void> {
  if (cut !== "DISCONNECTED") {
    if (stopWord !== undefined) child.stdin?.end(stopWord);
    else pid.then(kill);
    let timer: NodeJS.Timeout | undefined;
    const grace = new Promise((resolve) => {
      timer = setTimeout(resolve, graceMs);
    });
    await Promise.race([closed, grace]);
    clearTimeout(timer);
  }
  endGroup(child, "SIGKILL");
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
}
