import { setImmediate as turn } from "node:timers/promises";
import { LineSplitter, type OutputStream } from "@maand/core";
import { type Started, signalGroup } from "./start.ts";

/** Lines and characters of one process that are told; what comes after is read and thrown away. */
const MOST_LINES = 100_000;
const MOST_CHARACTERS = 16 * 1024 * 1024;
/** Bytes read after a process's end, at most: more comes from a child that holds its output. */
const LEFT = 4 * 1024 * 1024;
/** A timer takes no more milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** What ended a process before its time. */
export type Cut = "TIMED_OUT" | "INTERRUPTED";

export interface FollowOptions {
  readonly timeoutMs: number;
  /** Aborts when the run is interrupted. */
  readonly signal: AbortSignal;
  /** Milliseconds between SIGTERM and SIGKILL. */
  readonly graceMs: number;
  readonly onLine: (line: string, stream: OutputStream) => void;
}

/**
 * Follows a process to its end, however it ends. Everything it left in its group is ended with it, and a child that holds
 * its output is not waited for: a hook is over when its process is.
 */
export async function follow(
  started: Started,
  options: FollowOptions,
): Promise<{ readonly code: number; readonly failure?: string; readonly cut: Cut | undefined }> {
  const output = listen(started, options.onLine);
  const cut = await firstOf(started.ended, options);
  if (cut !== undefined) await end(started, options.graceMs);
  await output.drained();
  signalGroup(started, "SIGKILL");
  for (const stream of [started.stdout, started.stderr]) stream.destroy();
  output.end();
  return { ...(await started.ended), cut };
}

function listen(started: Started, onLine: FollowOptions["onLine"]) {
  let bytes = 0;
  let lines = 0;
  let characters = 0;
  const isFull = () => lines >= MOST_LINES || characters >= MOST_CHARACTERS;
  const tell = (stream: OutputStream) => (line: string) => {
    if (isFull()) return;
    lines += 1;
    characters += line.length;
    onLine(line, stream);
    if (isFull()) onLine("[more output is not shown]", stream);
  };
  const splitters = { stdout: new LineSplitter(tell("stdout")), stderr: new LineSplitter(tell("stderr")) };
  for (const stream of ["stdout", "stderr"] as const) {
    started[stream].on("error", () => {});
    started[stream].on("data", (chunk: Uint8Array) => {
      bytes += chunk.byteLength;
      if (!isFull()) splitters[stream].push(chunk);
    });
  }
  return {
    async drained() {
      const before = bytes;
      for (let quiet = 0, seen = bytes; quiet < 2 && bytes - before < LEFT; seen = bytes) {
        await turn();
        quiet = bytes === seen ? quiet + 1 : 0;
      }
    },
    end() {
      if (isFull()) return;
      splitters.stdout.end();
      splitters.stderr.end();
    },
  };
}

/** What cuts it off first, if anything does. */
function firstOf(ended: Promise<unknown>, { timeoutMs, signal }: FollowOptions): Promise<Cut | undefined> {
  return new Promise((resolve) => {
    const over = (cut: Cut | undefined) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", interrupt);
      resolve(cut);
    };
    const interrupt = () => over("INTERRUPTED");
    const timer = setTimeout(() => over("TIMED_OUT"), Math.min(timeoutMs, LONGEST));
    signal.addEventListener("abort", interrupt);
    if (signal.aborted) interrupt();
    void ended.then(() => over(undefined));
  });
}

async function end(started: Started, graceMs: number): Promise<void> {
  signalGroup(started, "SIGTERM");
  let timer: NodeJS.Timeout | undefined;
  const grace = new Promise((resolve) => {
    timer = setTimeout(resolve, graceMs);
  });
  await Promise.race([started.ended, grace]);
  clearTimeout(timer);
  signalGroup(started, "SIGKILL");
  await started.ended;
}
