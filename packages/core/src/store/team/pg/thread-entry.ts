import { parentPort } from "node:worker_threads";
import { Heartbeat } from "./lease-heartbeat.ts";
import type { Answer, Request, Session } from "./messages.ts";
import { PgConnection } from "./pg-connection.ts";

/**
 * The code of the database thread. A process has one such thread, and the main thread of the process waits for its
 * results. The heartbeats of leases run in the database thread, because the main thread might be busy for seconds.
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
