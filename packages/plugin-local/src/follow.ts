import { setImmediate as turn } from "node:timers/promises";
import { type ErrorCode, type ExecOptions, type ExecResult, Output, timeLimit } from "@maand/core";
import { type Started, signalGroup } from "./start.ts";

/** Bytes read after a command's end, at most: more comes from a child it left behind. */
const LEFT = 4 * 1024 * 1024;

const CUT_OFF = { code: -1, failure: undefined };

/** What ended a command before its time. */
export type Cut = Extract<ErrorCode, "TIMED_OUT" | "INTERRUPTED" | "DISCONNECTED">;

export interface FollowOptions extends Pick<ExecOptions, "onLine" | "stopWord" | "graceMs" | "signal"> {
  readonly timeoutMs: number;
  /** Aborts when the remote is closed. */
  readonly closing: AbortSignal;
}

/** Follows a command to its end, however it ends; a child it left behind that holds its output is not waited for. */
export async function follow(
  started: Started,
  options: FollowOptions,
): Promise<{ readonly result: ExecResult; readonly cut: Cut | undefined }> {
  const begun = performance.now();
  const output = new Output(options.onLine);
  let bytes = 0;
  for (const stream of ["stdout", "stderr"] as const) {
    started[stream].on("error", () => {});
    started[stream].on("data", (chunk: Uint8Array) => {
      bytes += chunk.byteLength;
      output.push(stream, chunk);
    });
  }
  const cut = await firstOf(started.ended, options);
  if (cut === "TIMED_OUT" || cut === "INTERRUPTED") await stop(started, options);
  const before = bytes;
  for (let quiet = 0, seen = bytes; quiet < 2 && bytes - before < LEFT; seen = bytes) {
    await turn();
    quiet = bytes === seen ? quiet + 1 : 0;
  }
  for (const stream of [started.stdin, started.stdout, started.stderr]) stream?.destroy();
  const { code, failure } = cut === undefined ? await started.ended : CUT_OFF;
  if (failure !== undefined) output.push("stderr", Buffer.from(`${failure}\n`));
  return { result: output.end(code, Math.round(performance.now() - begun)), cut };
}

/** One signal of them all: listening to the run's own for every command would look like a leak to Node. */
function firstOf(ended: Promise<unknown>, { timeoutMs, signal, closing }: FollowOptions): Promise<Cut | undefined> {
  const limit = timeLimit(timeoutMs);
  const any = AbortSignal.any([limit, closing, ...(signal ? [signal] : [])]);
  return new Promise((resolve) => {
    const cut = () => resolve(closing.aborted ? "DISCONNECTED" : signal?.aborted ? "INTERRUPTED" : "TIMED_OUT");
    if (any.aborted) cut();
    any.addEventListener("abort", cut, { once: true });
    ended.then(() => {
      any.removeEventListener("abort", cut);
      resolve(undefined);
    });
  });
}

/** Asks a command to end, in its own word if it has one, and ends its whole group when it does not. */
async function stop(started: Started, { stopWord, graceMs = 5_000 }: FollowOptions): Promise<void> {
  if (stopWord !== undefined && started.stdin) started.stdin.write(stopWord);
  else signalGroup(started, "SIGTERM");
  let timer: NodeJS.Timeout | undefined;
  const grace = new Promise((resolve) => {
    timer = setTimeout(resolve, graceMs);
  });
  await Promise.race([started.ended, grace]);
  clearTimeout(timer);
  signalGroup(started, "SIGKILL");
}
