import { type MessagePort, parentPort } from "node:worker_threads";
import { type Answer, type BeatMessage, monotonicMs, type Request, type Session } from "./messages.ts";
import { PgConnection } from "./pg-connection.ts";

/**
 * The thread that speaks with databases, one for a process. The main thread waits for it, and heartbeats do not depend on the main
 * thread, which may be busy for seconds.
 */
parentPort?.on("message", (session: Session) => serve(session));

function serve({ port, answered, ...target }: Session): void {
  const signal = new Int32Array(answered);
  const connection = new PgConnection(target);
  const heartbeats = new Map<number, Heartbeat>();
  const still = (id: number) => {
    heartbeats.get(id)?.stop();
    heartbeats.delete(id);
  };
  const answer = (message: Answer) => {
    port.postMessage(message);
    Atomics.add(signal, 0, 1);
    Atomics.notify(signal, 0);
  };
  port.on("message", (request: Request) => {
    switch (request.kind) {
      case "query":
        connection.query(request).then(
          (rows) => answer({ id: request.id, rows }),
          (cause: unknown) => answer({ id: request.id, failure: PgConnection.failureOf(cause) }),
        );
        return;
      case "beat":
        heartbeats.set(request.id, new Heartbeat(request, new PgConnection(target), port));
        return;
      case "still":
        still(request.id);
        return;
      case "end":
        for (const id of [...heartbeats.keys()]) still(id);
        connection.finish();
        port.close();
    }
  });
}

type BeatRequest = Extract<Request, { readonly kind: "beat" }>;

/** Runs a statement at an interval, on a connection of its own. */
class Heartbeat {
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

  /** A renewal counts from the time of its request: the database counts from a later moment. */
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

  /** A renewal that was on its way when the heartbeat was stopped has nothing to say: its lease was given back. */
  #report(result: Omit<BeatMessage, "beat">): void {
    if (!this.#isStopped) this.#port.postMessage({ ...result, beat: this.#request.id } satisfies BeatMessage);
  }
}
