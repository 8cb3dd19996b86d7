import {
  type Argv,
  type BackPressure,
  type ExecOptions,
  type ExecResult,
  isMaandError,
  loginShellLine,
  type Remote,
  type RemoteStream,
  type StreamOptions,
} from "@maand/core";
import { mustSucceed, Semaphore, titleOf, type Wrapping, wrapCommand } from "@maand/core/internal";
import type { ClientChannel } from "ssh2";
import { type Connection, NotStarted } from "./connection.ts";
import { interrupted, unreachable } from "./errors.ts";
import { followCommand } from "./follow-command.ts";
import { openStream } from "./open-stream.ts";
import { type CommandStart, RetriedConnection } from "./retry-lost-connection.ts";

/** The parts of a remote over ssh. */
export interface SshRemoteParts {
  readonly host: string;
  readonly user: string;
  readonly root: string;
  readonly sudo: boolean;
  /** Maximum number of parallel commands over the connection. */
  readonly channels: number;
  /** The time limit of a command without its own, in milliseconds. */
  readonly commandMs: number;
  /** Milliseconds that the worker has to open a channel. */
  readonly connectMs: number;
  /** Pauses commands whose lines are printed while their readers are behind. */
  readonly backPressure?: BackPressure;
  /** Opens a connection: the first one, and another if that is lost. */
  connect(): Promise<Connection>;
}

const GRACE_MS = 5_000;
const QUIET_MS = 200;

/** A command as sent over ssh. */
interface SshCommand {
  /** The line for the login shell. */
  readonly line: string;
  /** What is written to its input before anything else: one line for each secret variable. */
  readonly preface: string;
  readonly title: string;
  readonly signal: AbortSignal | undefined;
}

/** The result of starting a command, and how to release its slot for the next one. */
interface Started<T> {
  readonly made: T;
  release(): void;
}

/** One worker over one ssh connection; every command is a channel of it. */
export class SshRemote implements Remote {
  readonly host: string;
  readonly root: string;
  readonly transport = "ssh";
  readonly sudo: boolean;
  readonly #parts: SshRemoteParts;
  readonly #channels: Semaphore;
  readonly #connection: RetriedConnection;

  constructor(parts: SshRemoteParts, first: Connection) {
    this.host = parts.host;
    this.root = parts.root;
    this.sudo = parts.sudo;
    this.#parts = parts;
    this.#channels = new Semaphore(parts.channels);
    this.#connection = new RetriedConnection(parts.host, first, () => parts.connect());
  }

  async exec(argv: Argv, options: ExecOptions = {}): Promise<ExecResult> {
    return mustSucceed(this.host, titleOf(argv, options), await this.probe(argv, options));
  }

  async probe(argv: Argv, options: ExecOptions = {}): Promise<ExecResult> {
    const { timeoutMs = this.#parts.commandMs, graceMs = GRACE_MS, stopWord } = options;
    const { host: worker, user } = this.#parts;
    const command = this.#command(argv, options, {
      announce: true,
      ...(stopWord === undefined && { limit: limitOver(timeoutMs, graceMs) }),
    });
    const { made, release } = await this.#start(command, (channel, connection, requestedAt) => {
      const quietMs = Math.max(QUIET_MS, connection.handshakeMs);
      const kill = (pid: number) => this.#kill(connection, pid, options);
      const result = followCommand(channel, {
        ...options,
        ...command,
        worker,
        user,
        timeoutMs,
        graceMs,
        requestedAt,
        quietMs,
        kill,
        backPressure: options.onLine && this.#parts.backPressure,
      });
      result.catch(() => {}); // nothing else handles this if the run was interrupted just before
      return { result };
    });
    return made.result.finally(release);
  }

  async stream(argv: Argv, options: StreamOptions = {}): Promise<RemoteStream> {
    const { host: worker, user } = this.#parts;
    const command = this.#command(argv, options, { announce: true });
    const { made, release } = await this.#start(command, (channel) => ({
      stream: openStream(channel, { ...command, worker, user }),
    }));
    made.stream.closed.then(release);
    return made.stream.begun;
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #command(argv: Argv, options: ExecOptions, more: Partial<Wrapping>): SshCommand {
    const { env, cwd, asRoot = false, signal } = options;
    const wrapping = { sudo: this.sudo && asRoot, ...(env && { env }), ...(cwd !== undefined && { cwd }), ...more };
    const { argv: words, preface } = wrapCommand(argv, wrapping);
    // a separate signal, because a listener per command on the run's signal would look like a leak to Node
    const own = signal && AbortSignal.any([signal]);
    return { line: loginShellLine(words), preface, title: titleOf(argv, options), signal: own };
  }

  /**
   * ssh cannot send a signal once the command's input is closed, and its signals do not reach processes started by
   * sudo. So another command stops an interrupted one: `timeout` on the worker passes TERM on to its group, and KILL
   * later.
   */
  #kill(connection: Connection, pid: number, { asRoot = false }: ExecOptions): void {
    const { line, title } = this.#command(["sh", "-c", 'kill -TERM "$1"', "sh", `${pid}`], { asRoot }, {});
    const forget = (channel: ClientChannel) => channel.on("error", () => {}).end();
    connection.start({ line, title, limitMs: this.#parts.connectMs }, forget).catch(() => {});
  }

  /** Waits for a free channel and starts the command on it. */
  async #start<T>(command: SshCommand, onStarted: CommandStart<T>["onStarted"]): Promise<Started<T>> {
    const { title, signal } = command;
    const release = await this.#channels.acquire(signal).catch(() => {
      throw interrupted(this.host, title);
    });
    try {
      const limitMs = this.#parts.connectMs;
      const hasCompany = () => this.#channels.held > 1;
      return { release, made: await this.#connection.start({ ...command, limitMs, hasCompany, onStarted }) };
    } catch (error) {
      if (isFull(error) && this.#channels.held > 1) return await this.#limitChannels(release, command, onStarted);
      release();
      if (isMaandError(error)) throw error;
      const hint = isFull(error) ? "check that its sshd allows sessions (MaxSessions)" : undefined;
      throw unreachable(this.host, error instanceof Error ? error.message : String(error), hint, error);
    }
  }

  /**
   * The server allows fewer sessions than assumed (MaxSessions), so this waits until another command of this process
   * ends.
   */
  #limitChannels<T>(
    release: () => void,
    command: SshCommand,
    onStarted: CommandStart<T>["onStarted"],
  ): Promise<Started<T>> {
    this.#channels.lower(this.#channels.held - 1);
    release();
    return this.#start(command, onStarted);
  }
}

/** The local limit in whole seconds, rounded up, because not every `timeout` supports fractions. */
function limitOver(timeoutMs: number, graceMs: number): { seconds: number; killAfter: number } {
  return { seconds: Math.ceil(timeoutMs / 1000), killAfter: Math.max(1, Math.floor(graceMs / 1000) - 1) };
}

function isFull(error: unknown): boolean {
  return error instanceof NotStarted && error.full;
}
