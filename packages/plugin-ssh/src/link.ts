import type { Client, ClientChannel } from "ssh2";
import { disconnected, interrupted, seconds } from "./failures.ts";

/** What a logged-in connection is made of. */
export interface LinkParts {
  readonly worker: string;
  readonly client: Client;
  /** What it runs over: a socket, or a channel of a jump host's connection. */
  readonly wire: NodeJS.EventEmitter & { destroy(): unknown };
  /** Milliseconds from the first packet to the login: some round trips and a bit. */
  readonly handshakeMs: number;
  /** The connection it goes through. */
  readonly jump?: Link;
}

/** Nothing was begun on the worker, so the same thing may be tried again over another connection. */
export class NotBegun extends Error {
  override readonly name = "NotBegun";
  /** The connection is fine; it is the server that allows no further session. */
  readonly full: boolean;

  constructor(message: string, full = false) {
    super(message);
    this.full = full;
  }
}

/** A command line to be started. */
export interface Start {
  readonly line: string;
  /** The command as a person may read it. */
  readonly doing: string;
  /** Milliseconds the server has to start it. */
  readonly limitMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** One connection to a worker, logged in. */
export class Link {
  readonly handshakeMs: number;
  readonly #parts: LinkParts;
  #received = 0;
  #closed = false;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.handshakeMs = parts.handshakeMs;
    parts.wire.on("data", (chunk: Buffer) => {
      this.#received += chunk.length;
    });
    parts.client.on("error", () => {}).once("close", () => this.drop());
  }

  /** What the machine at its other end is called. */
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
   * Opens a channel and starts a command line on it. The line is sent only after the server has answered the opening,
   * so when not a byte came since, nothing can have begun there. `begun` is called the moment the command is under way:
   * all of a short one may arrive in one packet, and whoever listens later hears nothing. It is called even when the
   * signal aborted meanwhile, since then something is under way that has to be ended.
   * @throws NotBegun, DISCONNECTED, INTERRUPTED
   */
  start<T>({ line, doing, limitMs, signal }: Start, begun: (channel: ClientChannel) => T): Promise<T> {
    const { worker, client } = this.#parts;
    const before = this.#received;
    return new Promise((resolve, reject) => {
      const lost = (why: string) => (this.#received === before ? new NotBegun(why) : disconnected(worker, doing));
      const settle = (done: () => void) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        client.removeListener("close", close);
        done();
      };
      const close = () => settle(() => reject(lost("the connection was found closed")));
      const abort = () => settle(() => reject(interrupted(worker, doing)));
      const timer = setTimeout(() => {
        settle(() => reject(lost(`no answer for ${seconds(limitMs)}`)));
        this.drop();
      }, limitMs);
      signal?.addEventListener("abort", abort, { once: true });
      client.once("close", close);
      const opened = (error: Error | undefined, channel: ClientChannel) => {
        if (!error) return settle(() => resolve(begun(channel)));
        settle(() => reject("reason" in error ? new NotBegun(error.message, true) : lost(error.message)));
      };
      try {
        client.exec(line, opened);
      } catch (error) {
        settle(() => reject(new NotBegun(error instanceof Error ? error.message : String(error))));
      }
    });
  }

  /** A stream through this connection to another machine. */
  forward(address: string, port: number): Promise<ClientChannel> {
    return new Promise((resolve, reject) => {
      this.client.forwardOut("127.0.0.1", 0, address, port, (error, channel) => {
        if (error) reject(error);
        else resolve(channel);
      });
    });
  }

  /** Ends it at once. */
  drop(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#parts.client.destroy();
    this.#parts.wire.destroy();
    this.#parts.jump?.drop();
  }

  /** Says goodbye and ends it; waits a moment for the other side, which may be gone. */
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
