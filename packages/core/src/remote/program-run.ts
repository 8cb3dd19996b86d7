import type { ChildProcess } from "node:child_process";
import { BeginMarker } from "./login/begin-marker.ts";
import { Output } from "./output.ts";
import type { ExecOptions, ExecResult } from "./remote.ts";
import { timeLimit } from "./time-limit.ts";

/** The exit code of a program ended by a signal. */
export const SIGNALLED = -1;

/** How to run a program that runs a command on a worker. */
export interface Following extends Pick<ExecOptions, "stdin" | "stopWord" | "signal" | "onLine"> {
  /** Written to its input before `stdin`. */
  readonly preface: string;
  readonly timeoutMs: number;
  readonly graceMs: number;
  /** Aborts when the remote is closed. */
  readonly closing: AbortSignal;
  /** Ends the process with this id on the worker. */
  kill(pid: number): void;
}

/** The result of the program. */
export interface Ended {
  readonly result: ExecResult;
  /** What ended it early. */
  readonly cut: "TIMED_OUT" | "INTERRUPTED" | "DISCONNECTED" | undefined;
  /** Whether the command is known to have started on the worker. */
  readonly begun: boolean;
  /** Why the program could not be started. */
  readonly failure: string | undefined;
}

/** Waits for a program to end, at most `graceMs` after its time limit or an interruption. */
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

/** Sends a signal to a program and everything it started on this machine; a process that has already ended is ignored. */
export function endGroup({ pid }: Pick<ChildProcess, "pid">, signal: "SIGTERM" | "SIGKILL"): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // no process is left
  }
}

/** Whether `timeout` returns this exit code. */
export function isTimeout(code: number): boolean {
  return code === 124 || code === 137;
}

function feed(child: ChildProcess, { preface, stdin, stopWord }: Following): void {
  child.stdin?.on("error", () => {}); // a command that ended does not read its input
  if (preface !== "") child.stdin?.write(preface);
  if (stdin !== undefined) child.stdin?.write(stdin);
  if (stopWord === undefined) child.stdin?.end();
}

/** One signal for all commands: a listener per command would look like a leak to Node. */
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

/** Asks the command to end, with its own word if it has one, and ends the program if that has no effect. */
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
