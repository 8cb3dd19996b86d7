import { connect, createServer, type Server, type Socket } from "node:net";
import type { FleetWorker } from "./worker.ts";

/** A slow network between this machine and one worker. */
export interface SlowLink {
  /** The port on which it listens, at the address of the worker. */
  readonly port: number;
  /** Connections since the last {@link reset}. */
  readonly connections: number;
  /**
   * The length of the longest chain of messages in one connection: each message in a chain was sent after a response to
   * the previous one. TCP handshakes do not count.
   */
  readonly roundTrips: number;
  reset(): void;
  close(): Promise<void>;
}

/**
 * Forwards connections to a worker, and delays all data by half of the round trip in each direction. Counts chains of
 * messages instead of measuring time: a message adds one round trip to the last response that arrived before it.
 */
export async function slowLink(worker: FleetWorker, roundTripMs: number): Promise<SlowLink> {
  const sockets = new Set<Socket>();
  const counts = { connections: 0, roundTrips: 0 };
  const server = createServer((client) => {
    counts.connections += 1;
    const far = connect({ host: worker.host, port: worker.port });
    const trip = { sent: 0, answered: 0 };
    const later = (work: () => void) => void setTimeout(work, roundTripMs / 2);
    for (const [from, to] of [
      [client, far],
      [far, client],
    ] as const) {
      sockets.add(from);
      from.setNoDelay(true);
      from.on("data", (chunk: Buffer) => {
        const depth = from === client ? trip.answered + 1 : trip.sent;
        later(() => {
          if (from === client) trip.sent = Math.max(trip.sent, depth);
          else trip.answered = Math.max(trip.answered, depth);
          counts.roundTrips = Math.max(counts.roundTrips, trip.answered);
          to.write(chunk);
        });
      });
      from.on("error", () => to.destroy());
      from.on("end", () => later(() => to.end()));
      from.on("close", () => {
        sockets.delete(from);
        later(() => to.destroy());
      });
    }
  });
  const port = await listening(server, worker.host);
  return {
    port,
    get connections() {
      return counts.connections;
    },
    get roundTrips() {
      return counts.roundTrips;
    },
    reset: () => void Object.assign(counts, { connections: 0, roundTrips: 0 }),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function listening(server: Server, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, host, () => {
      const address = server.address();
      if (address && typeof address === "object") resolve(address.port);
    });
  });
}
