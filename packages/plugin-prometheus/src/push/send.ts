import { setTimeout as sleep } from "node:timers/promises";
import type { Patience } from "./patience.ts";
import { loginHeaders, type Server } from "./server.ts";

/** Where and how to push. */
export interface Receiver extends Pick<Server, "login"> {
  /** `http://10.0.0.1:9090/api/v1/write`. */
  readonly url: string;
}

/** Sends one request, again after network errors, 429 and 5xx; returns why it failed, or undefined. */
export async function send(
  receiver: Receiver,
  body: Buffer,
  { pausesMs, totalMs }: Patience,
  interrupted: AbortSignal,
): Promise<string | undefined> {
  const signal = AbortSignal.any([interrupted, AbortSignal.timeout(totalMs)]);
  const headers = { ...HEADERS, ...loginHeaders(receiver) };
  const { url } = receiver;
  let failure = await attempt(url, headers, body, signal);
  for (const pause of pausesMs) {
    if (failure === undefined || !failure.again || signal.aborted) break;
    await sleep(pause, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) failure = await attempt(url, headers, body, signal);
  }
  return failure?.reason;
}

const HEADERS = {
  "Content-Type": "application/x-protobuf",
  "Content-Encoding": "snappy",
  "X-Prometheus-Remote-Write-Version": "0.1.0",
  "User-Agent": "maand",
} as const;

interface Failure {
  readonly reason: string;
  /** Whether another attempt may succeed. */
  readonly again: boolean;
}

async function attempt(
  url: string,
  headers: Readonly<Record<string, string>>,
  body: Buffer,
  signal: AbortSignal,
): Promise<Failure | undefined> {
  try {
    const answer = await fetch(url, { method: "POST", headers, body: new Uint8Array(body), signal, redirect: "error" });
    const text = (await answer.text()).split("\n")[0]?.slice(0, 200) ?? "";
    return answer.ok ? undefined : refusal(answer.status, text);
  } catch (cause) {
    return { reason: reasonOf(cause), again: true };
  }
}

function refusal(status: number, text: string): Failure {
  const again = status === 429 || status >= 500;
  return { reason: [`status ${status}`, MEANINGS[status] ?? text].filter((part) => part !== "").join(": "), again };
}

const MEANINGS: Readonly<Record<number, string>> = {
  401: "put admin_username and admin_password into the secrets of its job",
  403: "the user in the secrets of its job may not write",
  404: "start it with --web.enable-remote-write-receiver",
};

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  if (cause.name === "TimeoutError" || cause.name === "AbortError") return "no response in time";
  const inner = cause.cause instanceof Error ? cause.cause : cause;
  const code = "code" in inner ? inner.code : undefined;
  return code === "ECONNREFUSED" ? "the connection is refused" : inner.message || String(code);
}
