import { type ExecOptions, type ExecResult, lastLines, Output, type OutputStream, PidLine } from "@maand/core";
import type { ClientChannel } from "ssh2";
import { exitCodeOf } from "./exit-code.ts";
import { disconnected, interrupted, timedOut } from "./failures.ts";

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
  return new Promise((resolve, reject) => {
    new Followed(channel, running, (result, error) => (error ? reject(error) : resolve(result))).begin();
  });
}

/** A longer timer would go off at once. */
const LONGEST_MS = 2 ** 31 - 1;

type Settle = (result: ExecResult, error: Error | undefined) => void;

/** Why a command is being ended before its time. */
type Ending = "time" | "abort";

class Followed {
  readonly #channel: ClientChannel;
  readonly #running: Running;
  readonly #settle: Settle;
  readonly #output: Output;
  readonly #began = performance.now();
  readonly #timers: { limit?: NodeJS.Timeout; quiet?: NodeJS.Timeout; grace?: NodeJS.Timeout } = {};
  #errors: PidLine | undefined;
  #pid: number | undefined;
  #code: number | undefined;
  #ending: Ending | undefined;
  #over = false;

  constructor(channel: ClientChannel, running: Running, settle: Settle) {
    this.#channel = channel;
    this.#running = running;
    this.#settle = settle;
    this.#output = new Output(running.onLine);
  }

  begin(): void {
    const { signal, timeoutMs } = this.#running;
    this.#listen();
    this.#timers.limit = setTimeout(() => this.#end("time"), Math.min(timeoutMs, LONGEST_MS));
    signal?.addEventListener("abort", this.#abort, { once: true });
    if (signal?.aborted) this.#abort();
    this.#feed();
  }

  #listen(): void {
    const { kill } = this.#running;
    const hear = (chunk: Buffer) => this.#hear("stderr", chunk);
    this.#errors = kill && new PidLine((pid) => this.#learn(pid), hear);
    this.#channel.on("data", (chunk: Buffer) => this.#hear("stdout", chunk));
    this.#channel.stderr.on("data", (chunk: Buffer) => (this.#errors ? this.#errors.push(chunk) : hear(chunk)));
    this.#channel.on("error", () => {});
    this.#channel.on("exit", (status: number | null, signalName?: string) => {
      this.#code = status ?? exitCodeOf(signalName);
      this.#timers.quiet = setTimeout(() => this.#finish(), this.#running.quietMs);
    });
    this.#channel.on("close", () => this.#finish());
  }

  #hear(stream: OutputStream, chunk: Buffer): void {
    if (this.#over) return;
    this.#output.push(stream, chunk);
    this.#timers.quiet?.refresh();
  }

  #learn(pid: number): void {
    this.#pid = pid;
    if (this.#ending) this.#running.kill?.(pid);
  }

  #feed(): void {
    const { preface, stdin, stopWord } = this.#running;
    if (preface !== "") this.#channel.write(preface);
    if (stdin !== undefined) this.#channel.write(stdin);
    if (stopWord === undefined) this.#channel.end();
  }

  readonly #abort = (): void => this.#end("abort");

  /** Asks for the end: by its word, or by its process id once that is known; `timeout` there knows the time itself. */
  #end(why: Ending): void {
    if (this.#ending) return;
    this.#ending = why;
    const { stopWord, graceMs, kill } = this.#running;
    if (stopWord !== undefined) this.#channel.end(stopWord);
    else if (this.#pid !== undefined) kill?.(this.#pid);
    this.#timers.grace = setTimeout(() => this.#finish(), graceMs);
  }

  #finish(): void {
    if (this.#over) return;
    this.#errors?.end();
    this.#over = true;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    this.#running.signal?.removeEventListener("abort", this.#abort);
    this.#channel.close();
    const result = this.#output.end(this.#code ?? -1, performance.now() - this.#began);
    this.#settle(result, this.#errorFor(result));
  }

  #errorFor(result: ExecResult): Error | undefined {
    const { worker, doing, timeoutMs } = this.#running;
    if (this.#ending === "abort") return interrupted(worker, doing);
    if (this.#ending === "time" || endedByTimeout(result, timeoutMs)) {
      return timedOut(worker, doing, timeoutMs, lastLines(result, 12));
    }
    return this.#code === undefined ? disconnected(worker, doing) : undefined;
  }
}

/** `timeout` over there can be a moment ahead of our clock. */
function endedByTimeout({ code, durationMs }: ExecResult, timeoutMs: number): boolean {
  return (code === 124 || code === 137) && durationMs >= timeoutMs;
}
