import { type MessagePort, parentPort } from "node:worker_threads";
import type { Answer, Beat, Request, Session } from "./messages.ts";
import { PgConnection } from "./pg-connection.ts";

/**
 * The thread that speaks with databases, one for a process. The main thread waits for it, and heartbeats do not depend on the main
 * thread, which may be busy for seconds.
 */
parentPort?.on("message", (session: Session) => serve(session));

function serve({ port, answered, ...target }: Session): void {
  const signal = new Int32Array(answered);
  const connection = new PgConnection(target);
  const heartbeat = new Heartbeat(new PgConnection(target), port);
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
        heartbeat.start(request);
        return;
      case "still":
        heartbeat.stop();
        return;
      case "end":
        heartbeat.stop();
        connection.finish();
        port.close();
    }
  });
}

type BeatRequest = Extract<Request, { readonly kind: "beat" }>;

/** Runs a statement at an interval, on a connection of its own. */
class Heartbeat {
  readonly #connection: PgConnection;
  readonly #port: MessagePort;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;

  constructor(connection: PgConnection, port: MessagePort) {
    this.#connection = connection;
    this.#port = port;
  }

  start(request: BeatRequest): void {
    clearInterval(this.#timer);
    this.#timer = setInterval(() => void this.#renew(request), request.everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#connection.end();
  }

  /** A renewal counts from the time of its request: the database counts from a later moment. */
  async #renew({ sql, values, everyMs }: BeatRequest): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    const sent = performance.timeOrigin + performance.now();
    try {
      const rows = await this.#connection.query({ sql, values, limitMs: everyMs * 2, attemptMs: everyMs });
      this.#tell({ renewed: rows[0]?.renewed === true, sent });
    } catch (cause) {
      this.#tell({ renewed: undefined, sent, failure: PgConnection.failureOf(cause) });
    } finally {
      this.#isRunning = false;
    }
  }

  #tell(beat: Beat): void {
    if (this.#timer) this.#port.postMessage(beat);
  }
}
