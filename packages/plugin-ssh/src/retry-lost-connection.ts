import { setTimeout as pause } from "node:timers/promises";
import type { ClientChannel } from "ssh2";
import { type Connection, NotStarted, type StartRequest } from "./connection.ts";
import { interrupted, unreachable } from "./errors.ts";

/** The first pause, in milliseconds, if the server has no free session; each further pause is twice as long. */
const FULL_PAUSE_MS = 10;

/** A command to start, with a callback for the moment when it runs. */
export interface CommandStart<T> extends StartRequest {
  readonly onStarted: (channel: ClientChannel, connection: Connection, requestedAt: number) => T;
  /** Whether other commands of this process use sessions of the server. */
  hasCompany(): boolean;
}

/** A connection to a worker. If it turns out to be lost before a command has started, it is replaced by a new one. */
export class RetriedConnection {
  readonly #worker: string;
  readonly #connect: () => Promise<Connection>;
  #current: Promise<Connection>;
  #replacing: { readonly lost: Connection; readonly fresh: Promise<Connection> } | undefined;
  #closed = false;

  constructor(worker: string, first: Connection, connect: () => Promise<Connection>) {
    this.#worker = worker;
    this.#connect = connect;
    this.#current = Promise.resolve(first);
  }

  /**
   * Starts a command. If the connection turns out to be lost, retries once over a new one. If the server has no free
   * session, retries after a pause, because a server counts a released session for a moment longer. If other commands
   * of this process are running, one retry is enough to know that the server allows no more sessions.
   * @throws NotStarted, DISCONNECTED, UNREACHABLE, INTERRUPTED
   */
  async start<T>(command: CommandStart<T>): Promise<T> {
    const end = performance.now() + command.limitMs;
    for (let wait = FULL_PAUSE_MS; ; wait *= 2) {
      const connection = await this.#alive();
      try {
        return await startOn(connection, command);
      } catch (error) {
        if (!(error instanceof NotStarted) || this.#closed) throw error;
        if (!error.full) return await startOn(await this.#replace(connection), command);
        const isKnown = wait > FULL_PAUSE_MS && command.hasCompany();
        if (isKnown || performance.now() + wait > end) throw error;
        await pause(wait, undefined, command.signal && { signal: command.signal }).catch(() => {
          throw interrupted(this.#worker, command.title);
        });
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    const connection = await this.#current.catch(() => undefined);
    await connection?.close();
  }

  async #alive(): Promise<Connection> {
    if (this.#closed) throw unreachable(this.#worker, "maand has closed its connection");
    const connection = await this.#current;
    return connection.closed ? this.#replace(connection) : connection;
  }

  /** Replaces a lost connection. Several commands may detect the loss; the first of them opens the new connection. */
  async #replace(lost: Connection): Promise<Connection> {
    const current = await this.#current.catch(() => lost);
    if (current !== lost && !current.closed) return current;
    lost.drop();
    return this.#reconnect(current);
  }

  #reconnect(lost: Connection): Promise<Connection> {
    if (this.#replacing?.lost === lost) return this.#replacing.fresh;
    const fresh = this.#connect();
    this.#replacing = { lost, fresh };
    fresh.then(
      (connection) => {
        if (this.#closed) connection.drop();
        this.#current = fresh;
      },
      () => {
        this.#replacing = undefined;
      },
    );
    return fresh;
  }
}

function startOn<T>(connection: Connection, { onStarted, ...request }: CommandStart<T>): Promise<T> {
  return connection.start(request, (channel, requestedAt) => onStarted(channel, connection, requestedAt));
}
