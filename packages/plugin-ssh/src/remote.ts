import { setTimeout as pause } from "node:timers/promises";
import {
  type Argv,
  type ExecOptions,
  type ExecResult,
  isMaandError,
  mustSucceed,
  type Remote,
  type RemoteStream,
  readable,
  type Wrapping,
} from "@maand/core";
import type { ClientChannel } from "ssh2";
import { type WireCommand, wireCommand } from "./command.ts";
import { interrupted, unreachable } from "./failures.ts";
import { Gate } from "./gate.ts";
import { type Link, NotBegun } from "./link.ts";
import { follow } from "./running.ts";
import { streamOver } from "./stream.ts";

/** What a remote over ssh is made of. */
export interface SshRemoteParts {
  readonly host: string;
  readonly root: string;
  readonly sudo: boolean;
  /** Commands running at once over the connection. */
  readonly channels: number;
  /** Milliseconds a command may run when nothing else is said. */
  readonly commandMs: number;
  /** Milliseconds the worker has to open a channel. */
  readonly connectMs: number;
  /** Makes a connection: the first one, and one more when that is found dead. */
  dial(): Promise<Link>;
}

const GRACE_MS = 5_000;
const QUIET_MS = 200;
const FULL_PAUSE_MS = 10;

interface Task {
  readonly wire: WireCommand;
  readonly doing: string;
  readonly signal: AbortSignal | undefined;
}

/** Called in the moment a command is under way on a channel. */
type Begin<T> = (channel: ClientChannel, link: Link) => T;

interface Begun<T> {
  readonly begun: T;
  /** Gives the channel's place to the next command. */
  leave(): void;
}

/** One worker over one ssh connection; every command is a channel of it. */
export class SshRemote implements Remote {
  readonly host: string;
  readonly root: string;
  readonly transport = "ssh";
  readonly sudo: boolean;
  readonly #parts: SshRemoteParts;
  readonly #channels: Gate;
  #link: Promise<Link>;
  #redialing: { readonly from: Link; readonly link: Promise<Link> } | undefined;
  #closed = false;

  constructor(parts: SshRemoteParts, link: Link) {
    this.host = parts.host;
    this.root = parts.root;
    this.sudo = parts.sudo;
    this.#parts = parts;
    this.#channels = new Gate(parts.channels);
    this.#link = Promise.resolve(link);
  }

  async exec(argv: Argv, options: ExecOptions = {}): Promise<ExecResult> {
    return mustSucceed(this.host, argv, await this.probe(argv, options));
  }

  async probe(argv: Argv, options: ExecOptions = {}): Promise<ExecResult> {
    const { timeoutMs = this.#parts.commandMs, graceMs = GRACE_MS, signal } = options;
    const plain = options.stopWord === undefined;
    const wire = this.#wire(argv, options, {
      ...(plain && { limit: limitOver(timeoutMs, graceMs) }),
      announce: plain && signal !== undefined,
    });
    const doing = readable(argv);
    const { begun, leave } = await this.#begin({ wire, doing, signal }, (channel, link) => {
      const kill = (pid: number) => this.#kill(link, pid, options);
      const quietMs = Math.max(QUIET_MS, link.handshakeMs);
      const times = { timeoutMs, graceMs, quietMs };
      const more = { worker: this.host, doing, preface: wire.preface, ...(plain && signal && { kill }) };
      const result = follow(channel, { ...options, ...times, ...more });
      result.catch(() => {}); // nobody waits for it when the run was interrupted just before
      return { result };
    });
    return begun.result.finally(leave);
  }

  async stream(argv: Argv, options: Pick<ExecOptions, "asRoot" | "env" | "signal"> = {}): Promise<RemoteStream> {
    const wire = this.#wire(argv, options);
    const { signal } = options;
    const { begun, leave } = await this.#begin({ wire, doing: readable(argv), signal }, (channel) =>
      streamOver(channel, wire.preface, signal),
    );
    begun.closed.then(leave);
    return begun;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const link = await this.#link.catch(() => undefined);
    await link?.close();
  }

  #wire(argv: Argv, options: ExecOptions, more: Pick<Wrapping, "limit" | "announce"> = {}): WireCommand {
    const sudo = this.sudo && options.asRoot === true;
    const { env, cwd } = options;
    return wireCommand(argv, { sudo, ...(env && { env }), ...(cwd !== undefined && { cwd }), ...more });
  }

  /**
   * ssh's own way to send a signal ends with the command's input, and does not reach what sudo started. So an
   * interrupted command is told by another one: `timeout` there passes TERM on to its group, and KILL later.
   */
  #kill(link: Link, pid: number, { asRoot }: ExecOptions): void {
    const { line } = this.#wire(["sh", "-c", 'kill -TERM "$1"', "sh", `${pid}`], { asRoot: asRoot === true });
    const told = (channel: ClientChannel) => channel.on("error", () => {}).end();
    link.start({ line, doing: "kill", limitMs: this.#parts.connectMs }, told).catch(() => {});
  }

  /** Waits for a free channel and starts the command on it. */
  async #begin<T>(task: Task, begin: Begin<T>): Promise<Begun<T>> {
    const leave = await this.#channels.enter(task.signal).catch(() => {
      throw interrupted(this.host, task.doing);
    });
    try {
      return { leave, begun: await this.#insist(task, begin) };
    } catch (error) {
      if (isFull(error) && this.#channels.inside > 1) return await this.#squeeze(leave, task, begin);
      leave();
      if (isMaandError(error)) throw error;
      const hint = isFull(error) ? "does its sshd allow sessions (MaxSessions)?" : undefined;
      throw unreachable(this.host, error instanceof Error ? error.message : String(error), hint, error);
    }
  }

  /**
   * Starts a command: over a new connection if the kept one turns out dead, and again after a pause if the server has no
   * session left, since it counts one that was just given back for a moment more. With others of ours still under way
   * one more try is enough to know that it allows no more than those.
   */
  async #insist<T>(task: Task, begin: Begin<T>): Promise<T> {
    const end = performance.now() + this.#parts.connectMs;
    for (let wait = FULL_PAUSE_MS; ; wait *= 2) {
      const link = await this.#alive();
      try {
        return await this.#start(link, task, begin);
      } catch (error) {
        if (!(error instanceof NotBegun) || this.#closed) throw error;
        if (!error.full) return await this.#start(await this.#renew(link), task, begin);
        const known = wait > FULL_PAUSE_MS && this.#channels.inside > 1;
        if (known || performance.now() + wait > end) throw error;
        await pause(wait, undefined, task.signal && { signal: task.signal }).catch(() => {
          throw interrupted(this.host, task.doing);
        });
      }
    }
  }

  #start<T>(link: Link, { wire, doing, signal }: Task, begin: Begin<T>): Promise<T> {
    const limitMs = this.#parts.connectMs;
    return link.start({ line: wire.line, doing, limitMs, signal }, (channel) => begin(channel, link));
  }

  /** The server allows fewer sessions than we thought (MaxSessions): wait for one of ours to end. */
  #squeeze<T>(leave: () => void, task: Task, begin: Begin<T>): Promise<Begun<T>> {
    this.#channels.narrow(this.#channels.inside - 1);
    leave();
    return this.#begin(task, begin);
  }

  async #alive(): Promise<Link> {
    if (this.#closed) throw unreachable(this.host, "its connection was closed by us");
    const link = await this.#link;
    return link.closed ? this.#renew(link) : link;
  }

  /** Several commands may find the same connection dead; the first one to say so makes the new one. */
  async #renew(dead: Link): Promise<Link> {
    const current = await this.#link.catch(() => dead);
    if (current !== dead && !current.closed) return current;
    dead.drop();
    return this.#redial(current);
  }

  #redial(from: Link): Promise<Link> {
    if (this.#redialing?.from === from) return this.#redialing.link;
    const link = this.#parts.dial();
    this.#redialing = { from, link };
    link.then(
      (fresh) => {
        if (this.#closed) fresh.drop();
        this.#link = link;
      },
      () => {
        this.#redialing = undefined;
      },
    );
    return link;
  }
}

/** What we wait ourselves, in whole seconds, rounded up: not every `timeout` knows fractions. */
function limitOver(timeoutMs: number, graceMs: number): { seconds: number; killAfter: number } {
  return { seconds: Math.ceil(timeoutMs / 1000), killAfter: Math.max(1, Math.floor(graceMs / 1000) - 1) };
}

function isFull(error: unknown): boolean {
  return error instanceof NotBegun && error.full;
}
