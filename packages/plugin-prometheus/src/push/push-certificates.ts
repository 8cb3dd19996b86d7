import type { RecordedContext } from "@maand/core";
import { certificatesOnWorkers } from "./certificates.ts";
import type { Patience } from "./patience.ts";
import { type Receiver, sendSamples } from "./send.ts";
import { type Series, seriesOf } from "./series.ts";
import type { Server } from "./server.ts";
import { snappy } from "./snappy.ts";
import { encodeWriteRequest } from "./write-request.ts";

/** The number of series in one request. */
const SERIES_AT_ONCE = 5000;

/** Pushes to a server; returns the reason if this failed. */
export type Push = (server: Server, patience: Patience) => Promise<string | undefined>;

/**
 * Returns a function that pushes the validity of all certificates on the workers. It reads them once for all servers.
 */
export function certificatePush(context: RecordedContext): Push {
  const now = context.now().getTime();
  const series = seriesOf(certificatesOnWorkers(context), now);
  return async ({ origin, login, ca }, patience) => {
    const receiver = { url: `${origin}/api/v1/write`, ca, ...(login ? { login } : {}) };
    const reason = await pushAll(receiver, series, now, patience, context.signal);
    if (reason === undefined) return undefined;
    return `the validity of certificates could not be pushed to ${receiver.url}: ${reason}`;
  };
}

async function pushAll(
  receiver: Receiver,
  series: readonly Series[],
  now: number,
  patience: Patience,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (let from = 0; from < series.length; from += SERIES_AT_ONCE) {
    const body = snappy(encodeWriteRequest(series.slice(from, from + SERIES_AT_ONCE), now));
    const reason = await sendSamples(receiver, body, patience, signal);
    if (reason !== undefined) return reason;
  }
  return undefined;
}
