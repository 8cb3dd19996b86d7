import { workerData } from "node:worker_threads";
import { type Answer, isThreadData, type Request } from "./messages.ts";
import { PgConnection } from "./pg-connection.ts";

/**
 * The thread that speaks with the database. The main thread waits for it, and heartbeats do not depend on the main thread: it may be
 * busy for seconds.
 */
if (!isThreadData(workerData)) throw new Error("this file is run as a thread of maand");
const { answered, port, ...target } = workerData;
const signal = new Int32Array(answered);
const connection = new PgConnection(target);
const heartbeat = new PgConnection(target);
let beat: NodeJS.Timeout | undefined;

function answer(message: Answer): void {
  port.postMessage(message);
  Atomics.add(signal, 0, 1);
  Atomics.notify(signal, 0);
}

port.on("message", (request: Request) => {
  switch (request.kind) {
    case "query":
      connection.query(request).then(
        (rows) => answer({ id: request.id, rows }),
        (cause: unknown) => answer({ id: request.id, failure: PgConnection.failureOf(cause) }),
      );
      return;
    case "beat":
      clearInterval(beat);
      beat = setInterval(() => renew(request), request.everyMs);
      return;
    case "still":
      clearInterval(beat);
      beat = undefined;
      heartbeat.end();
      return;
    case "end":
      clearInterval(beat);
      connection.end();
      heartbeat.end();
      port.close();
  }
});

let isRenewing = false;

/** The time of the last renewal is that of its request: the database counts from a later moment. Index 1 counts milliseconds. */
function renew({ sql, values, everyMs }: Extract<Request, { kind: "beat" }>): void {
  if (isRenewing) return;
  isRenewing = true;
  const sent = performance.timeOrigin + performance.now();
  heartbeat
    .query({ sql, values, limitMs: everyMs * 2, attemptMs: everyMs })
    .then(
      (rows) => port.postMessage({ renewed: rows[0]?.renewed === true, sent }),
      (cause: unknown) => port.postMessage({ renewed: undefined, sent, failure: PgConnection.failureOf(cause) }),
    )
    .finally(() => {
      isRenewing = false;
    });
}
