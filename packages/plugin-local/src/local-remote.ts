import { stat } from "node:fs/promises";
import {
  type Argv,
  type ExecOptions,
  type ExecResult,
  MaandError,
  mustSucceed,
  processStream,
  type Remote,
  type RemoteStream,
  readable,
} from "@maand/core";
import { localEnvironment } from "./environment.ts";
import { type Cut, follow } from "./follow.ts";
import { type Started, signalGroup, start } from "./start.ts";

export interface LocalRemoteOptions {
  readonly host: string;
  /** The worker's directory, absolute; commands start there. */
  readonly root: string;
  /** Time limit of a command that brings none of its own. */
  readonly timeoutMs: number;
}

/** A worker that is a directory here: its commands run on this machine, as the user who runs maand. */
export class LocalRemote implements Remote {
  readonly host: string;
  readonly root: string;
  readonly transport = "local";
  readonly sudo = false;
  readonly #timeoutMs: number;
  readonly #closing = new AbortController();

  constructor({ host, root, timeoutMs }: LocalRemoteOptions) {
    this.host = host;
    this.root = root;
    this.#timeoutMs = timeoutMs;
  }

  async exec(argv: Argv, options?: ExecOptions): Promise<ExecResult> {
    return mustSucceed(this.host, argv, await this.probe(argv, options));
  }

  async probe(argv: Argv, options: ExecOptions = {}): Promise<ExecResult> {
    this.#refuse(argv, options.signal);
    const { stdin, stopWord, timeoutMs = this.#timeoutMs } = options;
    const started = await this.#start(argv, options, stdin !== undefined || stopWord !== undefined);
    if (stdin !== undefined) started.stdin?.write(stdin);
    if (stopWord === undefined) started.stdin?.end();
    const { result, cut } = await follow(started, { ...options, timeoutMs, closing: this.#closing.signal });
    if (cut !== undefined) throw this.#cutOff(argv, cut, timeoutMs);
    return result;
  }

  async stream(argv: Argv, options: Pick<ExecOptions, "asRoot" | "env" | "signal"> = {}): Promise<RemoteStream> {
    this.#refuse(argv, options.signal);
    const { stdin, ...started } = await this.#start(argv, options, true);
    const destroy = () => {
      signalGroup(started, "SIGTERM");
      for (const stream of [stdin, started.stdout, started.stderr]) stream?.destroy();
    };
    const ending = AbortSignal.any([this.#closing.signal, ...(options.signal ? [options.signal] : [])]);
    ending.addEventListener("abort", destroy, { once: true });
    const exit = started.ended.then(({ code, bySignal }) => {
      ending.removeEventListener("abort", destroy);
      return bySignal ? null : code;
    });
    const io = processStream(started.stdout, stdin);
    return { io, stderr: started.stderr, exit, destroy };
  }

  async close(): Promise<void> {
    this.#closing.abort();
  }

  async #start(argv: Argv, { cwd = this.root, env }: ExecOptions, listens: boolean): Promise<Started> {
    await this.#mustExist(argv, cwd);
    return start(argv, { cwd, env: localEnvironment(env), listens });
  }

  async #mustExist(argv: Argv, cwd: string): Promise<void> {
    const found = await stat(cwd).catch(() => undefined);
    if (found?.isDirectory()) return;
    const message = `${readable(argv)} on ${this.host} could not begin: there is no directory ${cwd}`;
    throw new MaandError({ code: "COMMAND_FAILED", message, worker: this.host });
  }

  #refuse(argv: Argv, signal: AbortSignal | undefined): void {
    if (this.#closing.signal.aborted) {
      const message = `${this.host} was closed before ${readable(argv)} began`;
      throw new MaandError({ code: "UNREACHABLE", message, worker: this.host });
    }
    if (signal?.aborted) throw this.#cutOff(argv, "INTERRUPTED", 0);
  }

  #cutOff(argv: Argv, code: Cut, timeoutMs: number): MaandError {
    const how = {
      TIMED_OUT: `timed out after ${timeoutMs / 1000} s`,
      INTERRUPTED: "was interrupted",
      DISCONNECTED: "lost its connection, which was closed",
    }[code];
    return new MaandError({ code, message: `${readable(argv)} on ${this.host} ${how}`, worker: this.host });
  }
}
