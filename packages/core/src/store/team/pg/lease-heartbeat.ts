import type { MessagePort } from "node:worker_threads";
import { type BeatMessage, monotonicMs, type Request } from "./messages.ts";
import { PgConnection } from "./pg-connection.ts";

type BeatRequest = Extract<Request, { readonly kind: "beat" }>;

/** The heartbeat of a lease: runs the statement that renews it at an interval, on its own connection. */
export class Heartbeat {
  readonly #request: BeatRequest;
  readonly #connection: PgConnection;
  readonly #port: MessagePort;
  readonly #timer: NodeJS.Timeout;
  #isRunning = false;
  #isStopped = false;

  constructor(request: BeatRequest, connection: PgConnection, port: MessagePort) {
    this.#request = request;
    this.#connection = connection;
    this.#port = port;
    this.#timer = setInterval(() => void this.#renew(), request.everyMs);
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#connection.end();
  }

  /** Renews the lease. The renewal counts from its request, which is earlier than its execution in the database. */
  async #renew(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    const { sql, values, everyMs } = this.#request;
    const sentAt = monotonicMs();
    try {
      const rows = await this.#connection.query({ sql, values, limitMs: everyMs * 2, attemptMs: everyMs });
      this.#report({ renewed: rows[0]?.renewed === true, sentAt });
    } catch (cause) {
      this.#report({ renewed: undefined, sentAt, failure: PgConnection.failureOf(cause) });
    } finally {
      this.#isRunning = false;
    }
  }

  /** The result of a renewal that ends after `stop` is dropped, because its lease has been released. */
  #report(result: Omit<BeatMessage, "beat">): void {
    if (!this.#isStopped) this.#port.postMessage({ ...result, beat: this.#request.id } satisfies BeatMessage);
  }
}
