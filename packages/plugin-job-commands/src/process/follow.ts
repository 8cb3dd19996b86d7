import { setImmediate as turn } from "node:timers/promises";
import { LineSplitter, type OutputStream } from "@maand/core";
import { type Started, signalGroup } from "./start.ts";

/** The number of lines and characters shown of one process; the rest is read and dropped. */
const MOST_LINES = 100_000;
const MOST_CHARACTERS = 16 * 1024 * 1024;
/** The number of bytes read after the process ended; more can only come from a child that holds its output. */
const LEFT = 4 * 1024 * 1024;
/** The maximum delay of a timer, in milliseconds. */
const LONGEST = 2 ** 31 - 1;

/** What ended a process early. */
export type Cut = "TIMED_OUT" | "INTERRUPTED";

export interface FollowOptions {
  readonly timeoutMs: number;
  /** Aborts when the run is interrupted. */
  readonly signal: AbortSignal;
  /** The time between SIGTERM and SIGKILL, in milliseconds. */
  readonly graceMs: number;
  readonly onLine: (line: string, stream: OutputStream) => void;
}

/**
 * Waits for a process to end. Everything left in its group is then ended too, and a child that holds its output is not
 * waited for: a hook is over when its process is.
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

/** The first reason to end it, if any. */
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
