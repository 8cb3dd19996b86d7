import { constants } from "node:os";
import type { Readable } from "node:stream";
import type { BackPressure, ExecOptions, ExecResult, OutputStream } from "@maand/core";
import { BeginMarker, lastLines, loginFailure, Output } from "@maand/core/internal";
import { PacedReading } from "@maand/core/toolbox";
import type { ClientChannel } from "ssh2";
import { disconnected, interrupted, timedOut } from "./errors.ts";

/** A command that runs on a channel. */
export interface RunningCommand extends Pick<ExecOptions, "stopWord" | "onLine" | "stdin"> {
  readonly worker: string;
  readonly user: string;
  /** The name of the command in messages. */
  readonly title: string;
  readonly timeoutMs: number;
  readonly graceMs: number;
  /**
   * The time of its request, on the monotonic clock of `performance.now()`; never later than its start on the worker.
   */
  readonly requestedAt: number;
  /** Milliseconds without output after the exit code that count as the end of the output. */
  readonly quietMs: number;
  /** Written to its input before `stdin`. */
  readonly preface: string;
  readonly signal: AbortSignal | undefined;
  /** Pauses the channel while the readers of the lines are behind. */
  readonly backPressure?: BackPressure | undefined;
  /** Stops the process with this id on the worker. */
  readonly kill: (pid: number) => void;
}

/**
 * Follows a command to its end. The command ends with its exit code and the end of its output, with the end of the
 * connection, or `graceMs` after its time limit or an interruption, even if the worker no longer responds.
 *
 * The output starts with the command: earlier output of the login is dropped. It ends when the channel closes, or when
 * nothing arrives for a moment after the exit code, because a background child keeps the output and the channel open
 * while it runs. A paused channel has not ended; it is read again no later than at the time limit.
 * @throws TIMED_OUT, INTERRUPTED, DISCONNECTED; AUTH_FAILED or WORKER_LACKS if the login ends before the command starts
 */
export function followCommand(channel: ClientChannel, command: RunningCommand): Promise<ExecResult> {
  return new Promise((resolve, reject) => {
    new FollowedCommand(channel, command, (result, error) => (error ? reject(error) : resolve(result))).begin();
  });
}

/** The exit code that a shell reports for a command that a signal killed. */
export function exitCodeOf(signalName: string | undefined): number {
  const name = `SIG${(signalName ?? "").replace(/^SIG/, "")}`;
  const found = Object.entries(constants.signals).find(([known]) => known === name);
  return 128 + (found?.[1] ?? 0);
}

/** A longer timer would fire immediately. */
const LONGEST_MS = 2 ** 31 - 1;

type Settle = (result: ExecResult, error: Error | undefined) => void;

/** The reason for stopping a command early. */
type Ending = "time" | "abort";

class FollowedCommand {
  readonly #channel: ClientChannel;
  readonly #command: RunningCommand;
  readonly #settle: Settle;
  readonly #output: Output;
  readonly #startedAt = performance.now();
  readonly #timers: { limit?: NodeJS.Timeout; quiet?: NodeJS.Timeout; grace?: NodeJS.Timeout } = {};
  readonly #markers: readonly BeginMarker[];
  readonly #readings: readonly PacedReading[];
  #begun = false;
  #pid: number | undefined;
  #code: number | undefined;
  #ending: Ending | undefined;
  #over = false;

  constructor(channel: ClientChannel, command: RunningCommand, settle: Settle) {
    this.#channel = channel;
    this.#command = command;
    this.#settle = settle;
    this.#output = new Output(command.onLine);
    const [out, err] = [this.#marker("stdout"), this.#marker("stderr")];
    this.#markers = [out, err];
    this.#readings = [this.#read(channel, out), this.#read(channel.stderr, err)];
  }

  begin(): void {
    const { signal, timeoutMs } = this.#command;
    this.#channel.on("error", () => {});
    this.#channel.on("exit", (status: number | null, signalName?: string) => {
      this.#code = status ?? exitCodeOf(signalName);
      this.#finishWhenQuiet();
    });
    this.#channel.on("close", () => this.#finish());
    this.#timers.limit = setTimeout(() => this.#end("time"), Math.min(timeoutMs, LONGEST_MS));
    signal?.addEventListener("abort", this.#abort, { once: true });
    if (signal?.aborted) this.#abort();
    this.#feed();
  }

  #marker(stream: OutputStream): BeginMarker {
    return new BeginMarker(
      (pid) => this.#onBegun(pid),
      (chunk) => this.#output.push(stream, chunk),
    );
  }

  #read(from: Readable, marker: BeginMarker): PacedReading {
    const onData = (chunk: Buffer) => {
      if (this.#over) return;
      marker.push(chunk);
      this.#timers.quiet?.refresh();
    };
    return new PacedReading(from, onData, this.#command.backPressure);
  }

  #finishWhenQuiet(): void {
    this.#timers.quiet = setTimeout(async () => {
      const paused = this.#readings.flatMap((reading) => reading.paused ?? []);
      if (paused.length === 0) return this.#finish();
      await Promise.all(paused);
      if (!this.#over) this.#finishWhenQuiet();
    }, this.#command.quietMs);
  }

  #onBegun(pid: number | undefined): void {
    this.#begun = true;
    this.#pid ??= pid;
    if (pid !== undefined && this.#ending && this.#command.stopWord === undefined) this.#command.kill(pid);
  }

  #feed(): void {
    const { preface, stdin, stopWord } = this.#command;
    if (preface !== "") this.#channel.write(preface);
    if (stdin !== undefined) this.#channel.write(stdin);
    if (stopWord === undefined) this.#channel.end();
  }

  readonly #abort = (): void => this.#end("abort");

  /**
   * Requests its end: with its stop word, or with its process id when that is known. At the time limit, `timeout` on
   * the worker stops it.
   */
  #end(why: Ending): void {
    for (const reading of this.#readings) reading.release();
    if (this.#ending || (why === "time" && this.#code !== undefined)) return;
    this.#ending = why;
    const { stopWord, graceMs, kill } = this.#command;
    if (stopWord !== undefined) this.#channel.end(stopWord);
    else if (this.#pid !== undefined) kill(this.#pid);
    this.#timers.grace = setTimeout(() => this.#finish(), graceMs);
  }

  #finish(): void {
    if (this.#over) return;
    for (const marker of this.#markers) marker.end();
    this.#over = true;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#command.signal?.removeEventListener("abort", this.#abort);
    this.#channel.close();
    const result = this.#output.end(this.#code ?? -1, performance.now() - this.#startedAt);
    this.#settle(result, this.#errorFor(result));
  }

  #errorFor(result: ExecResult): Error | undefined {
    const { worker, user, title, timeoutMs } = this.#command;
    if (this.#ending === "abort") return interrupted(worker, title);
    const isLate = this.#ending === "time" || this.#endedByTimeout(result);
    if (isLate)
      return timedOut(worker, this.#begun ? title : `the login before ${title}`, timeoutMs, lastLines(result, 12));
    if (this.#code === undefined) return disconnected(worker, title);
    return this.#begun ? undefined : loginFailure({ host: worker, user, ...result });
  }

  /**
   * Whether `timeout` on the worker stopped the command. It counts from the start on the worker, which a busy local
   * machine may notice late.
   */
  #endedByTimeout({ code }: ExecResult): boolean {
    const { requestedAt, timeoutMs } = this.#command;
    return (code === 124 || code === 137) && performance.now() - requestedAt >= timeoutMs;
  }
}
