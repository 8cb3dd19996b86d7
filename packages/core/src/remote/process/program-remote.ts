import type { Readable } from "node:stream";
import { MaandError } from "../../errors.ts";
import { backPressureOf } from "../back-pressure.ts";
import { readToMarker } from "../login/begin-marker.ts";
import { loginFailure } from "../login/login-failure.ts";
import { lastLines, mustSucceed } from "../output.ts";
import { titleOf } from "../quote.ts";
import type { Argv, ExecOptions, ExecResult, Remote, RemoteStream, StreamOptions } from "../remote.ts";
import { Semaphore } from "../semaphore.ts";
import { type WrappedCommand, wrapCommand } from "../wrap-command.ts";
import { type RunningProcess, startProcess } from "./process.ts";
import { processStream } from "./process-stream.ts";
import { followProgram, isTimeout, type ProgramResult, SIGNALLED } from "./program-run.ts";

/**
 * A remote whose commands run through a program on this machine, such as `ssh`, `docker exec` or `machinectl shell`.
 */
export interface ProgramRemoteParts extends Pick<Remote, "host" | "root" | "transport" | "sudo"> {
  /** The account its commands run as, for messages. */
  readonly user?: string;
  /** The default timeout of a command, in milliseconds. */
  readonly timeoutMs: number;
  /**
   * The program and arguments that run this command on the worker. The program must pass input, output and exit code
   * through unchanged. The arguments are in clear text and appear in `ps` on this machine.
   */
  program(argv: readonly string[], how: { readonly asRoot: boolean }): readonly string[];
  /** Decides from the end of the program whether it lost the worker or never reached it. By default, it did neither. */
  lost?(code: number, end: ProgramEnd): boolean | Promise<boolean>;
  /** Maximum number of parallel commands; further commands wait. Default: no limit. */
  readonly atOnce?: number;
  /** Closes the connection; called once. */
  close?(): Promise<void>;
}

/** The end of a program that runs a command on a worker. */
export interface ProgramEnd {
  /** Whether the command is known to have started. */
  readonly begun: boolean;
  /** When the program was started. */
  readonly since: Date;
}

/** A program whose command may not have started yet. */
interface StartedStream {
  readonly program: RunningProcess;
  /** What it prints on stdout and stderr. */
  readonly outputs: readonly [Readable, Readable];
  readonly exit: Promise<number | null>;
}

const GRACE_MS = 5_000;

/**
 * A remote over a program, with all guarantees of a remote: timeouts, secrets, `sudo`, interruption, and errors that
 * show whether the command began. The worker needs `sh` and `timeout`. If a command leaves behind a child process that
 * keeps its output open, maand waits as long as the program waits.
 */
export function programRemote(parts: ProgramRemoteParts): Remote {
  return new ProgramRemote(parts);
}

class ProgramRemote implements Remote {
  readonly host: string;
  readonly root: string;
  readonly transport: string;
  readonly sudo: boolean;
  readonly #parts: ProgramRemoteParts;
  readonly #closing = new AbortController();
  readonly #places: Semaphore;

  constructor(parts: ProgramRemoteParts) {
    this.host = parts.host;
    this.root = parts.root;
    this.transport = parts.transport;
    this.sudo = parts.sudo;
    this.#parts = parts;
    this.#places = new Semaphore(parts.atOnce ?? Number.POSITIVE_INFINITY);
  }

  async exec(argv: Argv, options: ExecOptions = {}): Promise<ExecResult> {
    return mustSucceed(this.host, titleOf(argv, options), await this.probe(argv, options));
  }

  async probe(argv: Argv, options: ExecOptions = {}): Promise<ExecResult> {
    const release = await this.#place(titleOf(argv, options), options.signal);
    return this.#run(argv, options).finally(release);
  }

  async #run(argv: Argv, options: ExecOptions): Promise<ExecResult> {
    const { timeoutMs = this.#parts.timeoutMs, graceMs = GRACE_MS, stopWord } = options;
    const since = new Date();
    const limit = { seconds: Math.ceil(timeoutMs / 1000), killAfter: Math.max(1, Math.floor(graceMs / 1000) - 1) };
    const wrapped = this.#wrap(argv, options, { announce: true, ...(stopWord === undefined && { limit }) });
    const ended = await followProgram(await this.#start(wrapped, options), {
      ...options,
      preface: wrapped.preface,
      timeoutMs,
      graceMs,
      closing: this.#closing.signal,
      backPressure: backPressureOf(this),
      kill: (pid) => void this.#kill(pid, options),
    });
    return this.#resultOf(titleOf(argv, options), { ...ended, since }, timeoutMs);
  }

  async stream(argv: Argv, options: StreamOptions = {}): Promise<RemoteStream> {
    const release = await this.#place(titleOf(argv, options), options.signal);
    const since = new Date();
    const wrapped = this.#wrap(argv, options, { announce: true });
    const program = await this.#start(wrapped, options);
    // read from the start: at the end of a process, Node discards the output of a pipe that nothing reads
    const io = processStream(program.stdout, program.stdin);
    const stderr = processStream(program.stderr);
    void program.ended.then(release);
    const ending = AbortSignal.any([this.#closing.signal, ...(options.signal ? [options.signal] : [])]);
    let destroyed = false;
    let begun = false;
    const destroy = () => {
      destroyed = true;
      program.signal("SIGTERM");
      program.closePipes();
    };
    ending.addEventListener("abort", destroy, { once: true });
    if (ending.aborted) destroy();
    const exit = program.ended.then(async ({ code, bySignal, failure }) => {
      ending.removeEventListener("abort", destroy);
      const isLost = destroyed || bySignal || failure !== undefined || (await this.#lost(code, { begun, since }));
      return isLost ? null : code;
    });
    if (wrapped.preface !== "") program.stdin?.write(wrapped.preface);
    await this.#begun({ program, outputs: [io, stderr], exit }, titleOf(argv, options), options.signal);
    begun = true;
    return { io, stderr, exit, destroy };
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    await this.#parts.close?.();
  }

  /** Waits until the command of a stream has started. If it never does, throws an error with the reason. */
  async #begun(
    { program, outputs, exit }: StartedStream,
    title: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const failed = new Promise<string>((resolve) => {
      void program.ended.then(({ failure }) => failure !== undefined && resolve(failure));
    });
    const read = await Promise.race([failed, Promise.all(outputs.map((output) => readToMarker(output)))]);
    if (typeof read === "string") throw this.#unreachable(read);
    const [stdout, stderr] = read;
    if (stdout === undefined && stderr === undefined) return;
    const code = await exit;
    this.#refuse(title, signal);
    if (code === null) throw this.#unreachable(stderr?.trim().split("\n").at(-1) || "it does not respond");
    throw this.#loginFailure(code, { stdout: stdout ?? "", stderr: stderr ?? "" });
  }

  #loginFailure(code: number, printed: { stdout: string; stderr: string }): MaandError {
    const { host, user } = this.#parts;
    return loginFailure({ host, ...(user !== undefined && { user }), code, ...printed });
  }

  #wrap(argv: Argv, options: ExecOptions, more: Partial<Parameters<typeof wrapCommand>[1]> = {}): WrappedCommand {
    const { env, cwd, asRoot = false } = options;
    return wrapCommand(argv, {
      sudo: this.sudo && asRoot,
      codeOnly: true,
      ...(env && { env }),
      ...(cwd !== undefined && { cwd }),
      ...more,
    });
  }

  /** Starts the program in its own process group, so Ctrl-C reaches only maand, which then stops the program. */
  #start({ argv }: WrappedCommand, { asRoot = false }: ExecOptions): Promise<RunningProcess> {
    return startProcess(this.#parts.program(argv, { asRoot }), { stdin: true });
  }

  /**
   * Killing the program here would leave the command running on the worker, so another program stops it there;
   * `timeout` passes the signal on.
   */
  async #kill(pid: number, options: ExecOptions): Promise<void> {
    const program = await this.#start(
      this.#wrap(["sh", "-c", 'kill -TERM "$1"', "sh", `${pid}`], { asRoot: options.asRoot === true }),
      options,
    );
    for (const stream of [program.stdout, program.stderr]) stream.resume();
    program.stdin?.end();
  }

  async #resultOf(title: string, ended: ProgramResult & ProgramEnd, timeoutMs: number): Promise<ExecResult> {
    const { result, cut, begun, failure } = ended;
    const what = `${title} on ${this.host}`;
    const worker = this.host;
    if (failure !== undefined) throw this.#unreachable(failure);
    if (cut === "INTERRUPTED") throw new MaandError({ code: cut, worker, message: `${what} was interrupted` });
    if (cut === "TIMED_OUT" || (isTimeout(result.code) && result.durationMs >= timeoutMs))
      throw this.#timedOut(what, timeoutMs, result);
    if (cut === undefined && !(await this.#lost(result.code, ended))) {
      if (begun) return result;
      throw this.#loginFailure(result.code, result);
    }
    if (!begun) throw this.#unreachable(result.stderr.trim().split("\n").at(-1) || "it does not respond");
    throw new MaandError({
      code: "DISCONNECTED",
      worker,
      message: `the connection to ${worker} closed during ${title}`,
      hint: "its result is unknown; maand does not repeat it",
    });
  }

  #timedOut(what: string, timeoutMs: number, result: ExecResult): MaandError {
    const message = `${what} timed out after ${timeoutMs / 1000} s`;
    return new MaandError({ code: "TIMED_OUT", worker: this.host, message, output: lastLines(result, 12) });
  }

  async #lost(code: number, { begun, since }: ProgramEnd): Promise<boolean> {
    return code === SIGNALLED || ((await this.#parts.lost?.(code, { begun, since })) ?? false);
  }

  /** Waits until one more command may run. */
  async #place(title: string, signal: AbortSignal | undefined): Promise<() => void> {
    this.#refuse(title, signal);
    const release = await this.#places.acquire(signal).catch(() => undefined);
    try {
      this.#refuse(title, signal);
    } catch (refusal) {
      release?.();
      throw refusal;
    }
    return release ?? (() => {});
  }

  #refuse(title: string, signal: AbortSignal | undefined): void {
    if (this.#closing.signal.aborted) throw this.#unreachable("maand has closed its connection");
    if (!signal?.aborted) return;
    const message = `${title} on ${this.host} was interrupted`;
    throw new MaandError({ code: "INTERRUPTED", worker: this.host, message });
  }

  #unreachable(why: string): MaandError {
    return new MaandError({ code: "UNREACHABLE", worker: this.host, message: `cannot reach ${this.host}: ${why}` });
  }
}
