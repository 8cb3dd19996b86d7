import { stat } from "node:fs/promises";
import {
  type Argv,
  type BackPressure,
  type ExecOptions,
  type ExecResult,
  MaandError,
  type Remote,
  type RemoteStream,
  type StreamOptions,
} from "@maand/core";
import {
  type Cutoff,
  followProcess,
  lastLines,
  mustSucceed,
  Output,
  processStream,
  type RunningProcess,
  reveal,
  startProcess,
  titleOf,
} from "@maand/core/internal";
import { localEnvironment } from "./environment.ts";

/** Milliseconds between the request to stop a command and SIGKILL. */
const GRACE_MS = 5_000;

/** The options of a local remote. */
export interface LocalRemoteOptions {
  readonly host: string;
  /** The worker's directory, absolute; commands start there. */
  readonly root: string;
  /** The time limit of a command without its own, in milliseconds. */
  readonly timeoutMs: number;
  /** Pauses commands whose lines are printed while their readers are behind. */
  readonly backPressure?: BackPressure;
}

/** A worker that is a directory on this machine. Its commands run here, as the user who runs maand. */
export class LocalRemote implements Remote {
  readonly host: string;
  readonly root: string;
  readonly transport = "local";
  readonly sudo = false;
  readonly #timeoutMs: number;
  readonly #backPressure: BackPressure | undefined;
  readonly #closing = new AbortController();

  constructor({ host, root, timeoutMs, backPressure }: LocalRemoteOptions) {
    this.host = host;
    this.root = root;
    this.#timeoutMs = timeoutMs;
    this.#backPressure = backPressure;
  }

  async exec(argv: Argv, options: ExecOptions = {}): Promise<ExecResult> {
    return mustSucceed(this.host, titleOf(argv, options), await this.probe(argv, options));
  }

  async probe(argv: Argv, options: ExecOptions = {}): Promise<ExecResult> {
    this.#refuse(titleOf(argv, options), options.signal);
    const { stdin, stopWord, signal, graceMs = GRACE_MS, timeoutMs = this.#timeoutMs } = options;
    const started = await this.#start(argv, options, stdin !== undefined || stopWord !== undefined);
    if (stdin !== undefined) started.stdin?.write(stdin);
    if (stopWord === undefined) started.stdin?.end();
    const output = new Output(options.onLine);
    const { end, cut, durationMs } = await followProcess(started, {
      timeoutMs,
      signal,
      closing: this.#closing.signal,
      graceMs,
      ...(stopWord !== undefined && { requestEnd: () => void started.stdin?.write(stopWord) }),
      onOutput: (stream, chunk) => output.push(stream, chunk),
      backPressure: options.onLine && this.#backPressure,
    });
    if (end.failure !== undefined) output.push("stderr", Buffer.from(`${end.failure}\n`));
    const result = output.end(end.code, durationMs);
    if (cut !== undefined) throw this.#cutOff(titleOf(argv, options), cut, { timeoutMs, result });
    return result;
  }

  async stream(argv: Argv, options: StreamOptions = {}): Promise<RemoteStream> {
    this.#refuse(titleOf(argv, options), options.signal);
    const started = await this.#start(argv, options, true);
    let destroyed = false;
    const destroy = () => {
      destroyed = true;
      started.signal("SIGTERM");
      started.closePipes();
    };
    const ending = AbortSignal.any([this.#closing.signal, ...(options.signal ? [options.signal] : [])]);
    ending.addEventListener("abort", destroy, { once: true });
    const exit = started.ended.then(({ code }) => {
      ending.removeEventListener("abort", destroy);
      return destroyed ? null : code;
    });
    const io = processStream(started.stdout, started.stdin);
    return { io, stderr: processStream(started.stderr), exit, destroy };
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  async #start(argv: Argv, options: ExecOptions, listens: boolean): Promise<RunningProcess> {
    const { cwd = this.root, env } = options;
    await this.#mustExist(titleOf(argv, options), cwd);
    return startProcess(argv.map(reveal), { cwd, env: localEnvironment(env), stdin: listens });
  }

  async #mustExist(title: string, cwd: string): Promise<void> {
    const found = await stat(cwd).catch(() => undefined);
    if (found?.isDirectory()) return;
    const message = `${title} on ${this.host} could not start: there is no directory ${cwd}`;
    throw new MaandError({ code: "COMMAND_FAILED", message, worker: this.host });
  }

  #refuse(title: string, signal: AbortSignal | undefined): void {
    if (this.#closing.signal.aborted) {
      const message = `${this.host} was closed before ${title} started`;
      throw new MaandError({ code: "UNREACHABLE", message, worker: this.host });
    }
    if (signal?.aborted) throw this.#cutOff(title, "INTERRUPTED");
  }

  #cutOff(
    title: string,
    code: Cutoff,
    { timeoutMs = 0, result }: { readonly timeoutMs?: number; readonly result?: ExecResult } = {},
  ): MaandError {
    const how = {
      TIMED_OUT: `timed out after ${timeoutMs / 1000} s`,
      INTERRUPTED: "was interrupted",
      DISCONNECTED: "was cut off because its connection was closed",
    }[code];
    const output = code === "TIMED_OUT" && result ? lastLines(result, 12) : [];
    return new MaandError({ code, message: `${title} on ${this.host} ${how}`, worker: this.host, output });
  }
}
