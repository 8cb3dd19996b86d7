import { setImmediate as turn } from "node:timers/promises";
import { type BackPressure, PacedReading } from "../back-pressure.ts";
import type { OutputStream } from "../remote.ts";
import { timeLimit } from "../time-limit.ts";
import type { ProcessEnd, RunningProcess } from "./process.ts";

/**
 * The maximum number of bytes to read after a process has ended; anything more comes from a child process that keeps
 * the output open.
 */
const LAST_BYTES = 4 * 1024 * 1024;

/** The reason why a process was stopped early. */
export type Cutoff = "TIMED_OUT" | "INTERRUPTED" | "DISCONNECTED";

/** How to follow a process. */
export interface FollowOptions {
  readonly timeoutMs: number;
  /** Aborts when the run is interrupted. */
  readonly signal?: AbortSignal | undefined;
  /** Aborts when the remote it belongs to is closed. */
  readonly closing?: AbortSignal;
  /** Milliseconds between the request to stop and SIGKILL. */
  readonly graceMs: number;
  /** Requests its end; default: SIGTERM to its group. */
  readonly requestEnd?: () => void;
  /** Called when the remote is closed. By default, the process keeps running. */
  readonly onClosed?: () => void;
  /** Whether the remaining processes of its group are killed when it ends. */
  readonly leavesNothing?: boolean;
  readonly onOutput: (stream: OutputStream, chunk: Buffer) => void;
  /** Pauses the process while the readers of its output are behind; default: its output is read as it arrives. */
  readonly backPressure?: BackPressure | undefined;
}

/**
 * Follows a process to its end. Then reads the output that was already written, and closes the pipes without waiting
 * for a child process that keeps the output open. While nothing reads the output of a process, the process has to wait,
 * and its end is reported only after its last output is read. Neither wait lasts longer than the timeout.
 */
export async function followProcess(
  process: RunningProcess,
  options: FollowOptions,
): Promise<{ readonly end: ProcessEnd; readonly cut: Cutoff | undefined; readonly durationMs: number }> {
  const began = performance.now();
  const output = readOutput(process, options);
  const early = earlyEnd(options);
  early.addEventListener("abort", output.release, { once: true });
  if (early.aborted) output.release();
  const cut = await firstCutoff(process.ended, early, options);
  if (cut !== undefined) await endProcess(process, cut, options);
  await output.drained();
  early.removeEventListener("abort", output.release);
  if (options.leavesNothing) process.signal("SIGKILL");
  process.closePipes();
  const end = cut === undefined ? await process.ended : { code: -1, bySignal: true };
  return { end, cut, durationMs: Math.round(performance.now() - began) };
}

function readOutput(
  process: RunningProcess,
  { onOutput, backPressure }: Pick<FollowOptions, "onOutput" | "backPressure">,
) {
  let bytes = 0;
  const readings = (["stdout", "stderr"] as const).map((stream) => {
    const onData = (chunk: Buffer) => {
      bytes += chunk.byteLength;
      onOutput(stream, chunk);
    };
    return new PacedReading(process[stream], onData, backPressure);
  });
  return {
    release() {
      for (const reading of readings) reading.release();
    },
    /** Resolves when no output has arrived for two turns of the event loop. */
    async drained() {
      const before = bytes;
      for (let quiet = 0, seen = bytes; quiet < 2 && bytes - before < LAST_BYTES; seen = bytes) {
        await Promise.all(readings.map(({ paused }) => paused));
        await turn();
        quiet = bytes === seen ? quiet + 1 : 0;
      }
    },
  };
}

/** Combines the signals, because Node would report a leak if each process added a listener to the run's own signal. */
function earlyEnd({ timeoutMs, signal, closing }: FollowOptions): AbortSignal {
  return AbortSignal.any([timeLimit(timeoutMs), ...(closing ? [closing] : []), ...(signal ? [signal] : [])]);
}

function firstCutoff(
  ended: Promise<unknown>,
  early: AbortSignal,
  { signal, closing }: FollowOptions,
): Promise<Cutoff | undefined> {
  return new Promise((resolve) => {
    const cut = () => resolve(closing?.aborted ? "DISCONNECTED" : signal?.aborted ? "INTERRUPTED" : "TIMED_OUT");
    if (early.aborted) cut();
    early.addEventListener("abort", cut, { once: true });
    void ended.then(() => {
      early.removeEventListener("abort", cut);
      resolve(undefined);
    });
  });
}

/** The time to wait for a killed process, in milliseconds. A process that waits for a lost disk does not end. */
const KILLED_MS = 2_000;

/** Requests the end of the process, and kills its whole group after the grace period. */
async function endProcess(
  process: RunningProcess,
  cut: Cutoff,
  { graceMs, requestEnd = () => process.signal("SIGTERM"), onClosed }: FollowOptions,
): Promise<void> {
  if (cut === "DISCONNECTED") return onClosed?.();
  requestEnd();
  await atMost(graceMs, process.ended);
  process.signal("SIGKILL");
  await atMost(KILLED_MS, process.ended);
}

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
}
