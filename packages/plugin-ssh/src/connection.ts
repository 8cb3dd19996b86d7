import { loginFailure } from "@maand/core/internal";
import type { Client, ClientChannel } from "ssh2";
import { disconnected, interrupted, seconds } from "./errors.ts";

/** The parts of a logged-in connection. */
export interface ConnectionParts {
  readonly worker: string;
  readonly user: string;
  readonly client: Client;
  /** The underlying stream: a socket, or a channel of a jump host's connection. */
  readonly wire: NodeJS.EventEmitter & { destroy(): unknown };
  /** Milliseconds from the first packet to the login, which is a few round trips. */
  readonly handshakeMs: number;
  /** The connection to its jump host. */
  readonly jump?: Connection;
}

/** The error if nothing was started on the worker, so that the command may be retried over another connection. */
export class NotStarted extends Error {
  override readonly name = "NotStarted";
  /** Whether the connection is intact, but the server allows no further session. */
  readonly full: boolean;

  constructor(message: string, full = false) {
    super(message);
    this.full = full;
  }
}

/** A command line to start. */
export interface StartRequest {
  readonly line: string;
  /** The name of the command in messages. */
  readonly title: string;
  /** The time limit for the server to start it, in milliseconds. */
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** One connection to a worker, logged in. */
export class Connection {
  readonly handshakeMs: number;
  readonly #parts: ConnectionParts;
  #closed = false;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.handshakeMs = parts.handshakeMs;
    parts.client.on("error", () => {}).once("close", () => this.drop());
  }

  /** The name of the remote machine. */
  get name(): string {
    return this.#parts.worker;
  }

  get client(): Client {
    return this.#parts.client;
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Opens a channel and starts a command line on it. The line is sent only after the server has opened the channel, so
   * until then nothing can have started there. `onStarted` is called as soon as the command runs, with the time of its
   * request on the monotonic clock, because the whole output of a short command may arrive in one packet, and later
   * listeners would miss it. It is called even if the signal has aborted in the meantime, because then a running
   * command must be stopped.
   * @throws NotStarted, DISCONNECTED, INTERRUPTED
   */
  start<T>(
    { line, title, limitMs, signal }: StartRequest,
    onStarted: (channel: ClientChannel, requestedAt: number) => T,
  ): Promise<T> {
    const requestedAt = performance.now();
    const { worker, client } = this.#parts;
    let sent = false;
    const options = {
      /** ssh2 reads it when the channel is open, just before it sends the line. */
      get env() {
        sent = true;
        return {};
      },
    };
    return new Promise((resolve, reject) => {
      const lost = (why: string) => (sent ? disconnected(worker, title) : new NotStarted(why));
      const settle = (done: () => void) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        client.removeListener("close", close);
        done();
      };
      const close = () => settle(() => reject(lost("the connection was already closed")));
      const abort = () => settle(() => reject(interrupted(worker, title)));
      const timer = setTimeout(() => {
        settle(() => reject(lost(`no answer for ${seconds(limitMs)}`)));
        this.drop();
      }, limitMs);
      signal?.addEventListener("abort", abort, { once: true });
      client.once("close", close);
      const opened = (error: Error | undefined, channel: ClientChannel) => {
        if (!error) return settle(() => resolve(onStarted(channel, requestedAt)));
        settle(() => reject("reason" in error ? new NotStarted(error.message, true) : this.#notStarted(error, lost)));
      };
      try {
        client.exec(line, options, opened);
      } catch (error) {
        settle(() => reject(new NotStarted(error instanceof Error ? error.message : String(error))));
      }
    });
  }

  /** A server may open a channel but refuse the command, like servers that only allow file transfers. */
  #notStarted({ message }: Error, lost: (why: string) => Error): Error {
    if (message !== "Unable to exec") return lost(message);
    const { worker, user } = this.#parts;
    return loginFailure({ host: worker, user, code: null, stdout: "", stderr: "" });
  }

  /** Opens a stream through this connection to another machine. */
  forward(address: string, port: number): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      this.client.forwardOut("127.0.0.1", 0, address, port, (error, channel) => {
        if (error) reject(error);
        else resolve(channel);
      });
    });
  }

  /** Closes it immediately. */
  drop(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#parts.client.destroy();
    this.#parts.wire.destroy();
    this.#parts.jump?.drop();
  }

  /** Disconnects and closes it; waits briefly for the other side, which may no longer respond. */
  async close(): Promise<void> {
    if (this.#closed) return;
    const { client } = this.#parts;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, 200);
      client.once("close", () => {
        clearTimeout(timer);
        resolve();
      });
      client.end();
    });
    this.drop();
  }
}
