import { type ExecOptions, type ExecResult, lastLines, Output } from "@maand/core";
import type { ClientChannel } from "ssh2";
import { exitCodeOf } from "./exit-code.ts";
import { disconnected, interrupted, timedOut } from "./failures.ts";
import { PidLine } from "./pid-line.ts";

/** A command that was begun on a channel. */
export interface Running extends Pick<ExecOptions, "signal" | "stopWord" | "onLine" | "stdin"> {
  readonly worker: string;
  /** The command as a person may read it. */
  readonly doing: string;
  readonly timeoutMs: number;
  readonly graceMs: number;
  /** Milliseconds of silence after the exit code that count as the end of the output. */
  readonly quietMs: number;
  /** Goes to its input before `stdin`. */
  readonly preface: string;
  /** Ends the process with this id over there; present when the command says its id first. */
  readonly kill?: (pid: number) => void;
}

/**
 * Follows a command to its end, which always comes: by its exit code and the end of its output, by the connection's
 * end, or `graceMs` after its time was up or it was interrupted, even when the worker says nothing any more.
 *
 * The output ends when the channel closes, or was quiet for a moment after the exit code: a child left in the
 * background keeps the output open, and the channel with it, for as long as it lives.
 * @throws TIMED_OUT, INTERRUPTED, DISCONNECTED
 */
export function follow(channel: ClientChannel, running: Running): Promise<ExecResult> {
  const { worker, doing, timeoutMs, graceMs, quietMs, signal } = running;
  const began = performance.now();
  const output = new Output(running.onLine);
  return new Promise((resolve, reject) => {
    let code: number | undefined;
    let ending: "time" | "abort" | undefined;
    let quiet: NodeJS.Timeout | undefined;
    let grace: NodeJS.Timeout | undefined;
    let pid: number | undefined;

    const end = (reason: "time" | "abort") => {
      if (ending) return;
      ending = reason;
      if (running.stopWord !== undefined) channel.end(running.stopWord);
      else if (pid !== undefined) running.kill?.(pid);
      grace = setTimeout(finish, graceMs);
    };
    const abort = () => end("abort");
    const limit = setTimeout(() => end("time"), timeoutMs);
    const pushed = (stream: "stdout" | "stderr") => (chunk: Buffer) => {
      output.push(stream, chunk);
      quiet?.refresh();
    };
    const errors = running.kill ? new PidLine(known, pushed("stderr")) : undefined;
    function known(found: number) {
      pid = found;
      if (ending) running.kill?.(found);
    }

    const finish = () => {
      for (const timer of [limit, quiet, grace]) clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
      channel.removeAllListeners("data").removeAllListeners("exit").removeAllListeners("close");
      channel.stderr.removeAllListeners("data");
      letGo(channel);
      errors?.end();
      const result = output.end(code ?? -1, performance.now() - began);
      if (ending === "abort") return reject(interrupted(worker, doing));
      if (ending === "time" || endedByTimeout(result, timeoutMs)) {
        return reject(timedOut(worker, doing, timeoutMs, lastLines(result, 12)));
      }
      if (code === undefined) return reject(disconnected(worker, doing));
      resolve(result);
    };

    channel.on("data", pushed("stdout"));
    channel.stderr.on("data", errors ? (chunk: Buffer) => errors.push(chunk) : pushed("stderr"));
    channel.on("error", () => {});
    channel.on("exit", (status: number | null, name?: string) => {
      code = status ?? exitCodeOf(name);
      quiet = setTimeout(finish, quietMs);
    });
    channel.on("close", finish);
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
    feed(channel, running);
  });
}

function feed(channel: ClientChannel, { preface, stdin, stopWord }: Running): void {
  if (preface !== "") channel.write(preface);
  if (stdin !== undefined) channel.write(stdin);
  if (stopWord === undefined) channel.end();
}

/** Data that still comes must not pile up in a window nobody reads. */
function letGo(channel: ClientChannel): void {
  channel.resume();
  channel.stderr.resume();
  channel.close();
}

/** `timeout` over there can be a moment ahead of our clock. */
function endedByTimeout({ code, durationMs }: ExecResult, timeoutMs: number): boolean {
  return (code === 124 || code === 137) && durationMs >= timeoutMs;
}
