import { MaandError } from "@maand/core";
import type { Endpoint } from "./endpoint.ts";

/** UNREACHABLE: nothing was begun on the worker. */
export function unreachable(worker: string, why: string, hint?: string, cause?: unknown): MaandError {
  return new MaandError({
    code: "UNREACHABLE",
    worker,
    message: `cannot reach ${worker}: ${why}`,
    ...(hint && { hint }),
    cause,
  });
}

/** DISCONNECTED: a command had begun, and what became of it is not known. */
export function disconnected(worker: string, doing: string): MaandError {
  return new MaandError({
    code: "DISCONNECTED",
    worker,
    message: `the connection to ${worker} closed while ${doing} ran there`,
    hint: "what it did before is not known; it is not done again by itself",
  });
}

/** INTERRUPTED: the run was told to end. */
export function interrupted(worker: string, doing: string): MaandError {
  return new MaandError({ code: "INTERRUPTED", worker, message: `${doing} on ${worker} was interrupted` });
}

/** TIMED_OUT: a command's time was up. */
export function timedOut(worker: string, doing: string, timeoutMs: number, output: readonly string[]): MaandError {
  return new MaandError({
    code: "TIMED_OUT",
    worker,
    message: `${doing} on ${worker} timed out after ${seconds(timeoutMs)}`,
    output,
  });
}

/** AUTH_FAILED: the user or the keys were not accepted, or no key can be offered. */
export function authFailed(worker: string, message: string, hint: string): MaandError {
  return new MaandError({ code: "AUTH_FAILED", worker, message, hint });
}

/** `15 s`, `0.3 s`. */
export function seconds(ms: number): string {
  return `${ms >= 10_000 ? Math.round(ms / 1000) : Math.round(ms / 100) / 10} s`;
}

/** `10.0.0.1 port 22`, with the worker's name where it is called otherwise. */
export function placeOf({ name, address, port }: Endpoint): string {
  return name === address ? `port ${port}` : `${address} port ${port}`;
}
