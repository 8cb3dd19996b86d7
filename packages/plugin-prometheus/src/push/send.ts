import { setTimeout as sleep } from "node:timers/promises";
import { type Failure, failureOf, refusal } from "./failure.ts";
import type { Patience } from "./patience.ts";
import { send } from "./request.ts";
import { loginHeaders, type Server } from "./server.ts";

/** The target of a push. */
export interface Receiver extends Pick<Server, "login" | "ca"> {
  /** `http://10.0.0.1:9090/api/v1/write`. */
  readonly url: string;
}

/**
 * Sends one request, and retries after network errors, 429 and 5xx. Returns the reason if it failed, otherwise
 * undefined.
 */
export async function sendSamples(
  receiver: Receiver,
  body: Buffer,
  { pausesMs, totalMs }: Patience,
  interrupted: AbortSignal,
): Promise<string | undefined> {
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(totalMs)]);
  let failure = await attempt(receiver, body, signal);
  for (const pause of pausesMs) {
    if (failure === undefined || !failure.again || signal.aborted) break;
    await sleep(pause, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) failure = await attempt(receiver, body, signal);
  }
  return failure?.reason;
}

const HEADERS = {
  "Content-Type": "application/x-protobuf",
  "Content-Encoding": "snappy",
  "X-Prometheus-Remote-Write-Version": "0.1.0",
  "User-Agent": "maand",
} as const;

async function attempt(receiver: Receiver, body: Buffer, signal: AbortSignal): Promise<Failure | undefined> {
  const headers = { ...HEADERS, ...loginHeaders(receiver) };
  try {
    const { status, text } = await send(receiver.url, { method: "POST", headers, body, ca: receiver.ca, signal });
    return status >= 200 && status < 300 ? undefined : refusal(status, text);
  } catch (cause) {
    return failureOf(cause);
  }
}
