import {
  type Argv,
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

/** What a remote over ssh is made of. */
export interface SshRemoteParts {
  readonly host: string;
  readonly user: string;
  readonly root: string;
  readonly sudo: boolean;
  /** Commands running at once over the connection. */
  readonly channels: number;
  /** Milliseconds that a command without its own limit may run. */
  readonly commandMs: number;
  /** Milliseconds the worker has to open a channel. */
  readonly connectMs: number;
  /** Makes a connection: the first one, and another when that is found lost. */
  connect(): Promise<Connection>;
}

const GRACE_MS = 5_000;
const QUIET_MS = 200;

/** A command as ssh carries it. */
interface SshCommand {
  /** The line for the login shell. */
  readonly line: string;
  /** What is written to its input before anything else: one line for each secret variable. */
  readonly preface: string;
  readonly title: string;
  readonly signal: AbortSignal | undefined;
}

/** What was made of a command in the moment it ran, and how its place is given to the next one. */
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
      });
      result.catch(() => {}); // there is no other reader when the run was interrupted just before
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
    // one signal of its own: a listener per command on the run's would look like a leak to Node
    const own = signal && AbortSignal.any([signal]);
    return { line: loginShellLine(words), preface, title: titleOf(argv, options), signal: own };
  }

  /**
   * ssh's own way to send a signal ends with the command's input, and does not reach what sudo started. So another
   * command ends an interrupted one: `timeout` there passes TERM on to its group, and KILL later.
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
      const hint = isFull(error) ? "does its sshd allow sessions (MaxSessions)?" : undefined;
      throw unreachable(this.host, error instanceof Error ? error.message : String(error), hint, error);
    }
  }

  /**
   * The server allows fewer sessions than we assumed (MaxSessions): waits for the end of another command of this process.
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

/** Our own limit in whole seconds, rounded up: not every `timeout` knows fractions. */
function limitOver(timeoutMs: number, graceMs: number): { seconds: number; killAfter: number } {
  return { seconds: Math.ceil(timeoutMs / 1000), killAfter: Math.max(1, Math.floor(graceMs / 1000) - 1) };
}

function isFull(error: unknown): boolean {
  return error instanceof NotStarted && error.full;
}
