import { type ErrorCode, MaandError } from "@maand/core";

/** UNREACHABLE: nothing was started on the worker. */
export function unreachable(worker: string, why: string, hint?: string, cause?: unknown): MaandError {
  const message = `cannot reach ${worker}: ${why}`;
  return new MaandError({ code: "UNREACHABLE", worker, message, ...(hint && { hint }), cause });
}

/** DISCONNECTED: a command had started, and its result is unknown. */
export function disconnected(worker: string, title: string): MaandError {
  const message = `the connection to ${worker} closed during ${title}`;
  const hint = "its result is unknown; maand does not repeat it";
  return new MaandError({ code: "DISCONNECTED", worker, message, hint });
}

/** INTERRUPTED: the run was stopped. */
export function interrupted(worker: string, title: string): MaandError {
  return new MaandError({ code: "INTERRUPTED", worker, message: `${title} on ${worker} was interrupted` });
}

/** TIMED_OUT: a command exceeded its time limit. */
export function timedOut(worker: string, title: string, timeoutMs: number, output: readonly string[]): MaandError {
  const message = `${title} on ${worker} timed out after ${seconds(timeoutMs)}`;
  return new MaandError({ code: "TIMED_OUT", worker, message, output });
}

/** AUTH_FAILED: the user or the keys were not accepted, or no key can be offered. */
export function authFailed(worker: string, message: string, hint: string): MaandError {
  return new MaandError({ code: "AUTH_FAILED", worker, message, hint });
}

/** An error that concerns the host key of a worker. */
export function hostKeyError(code: ErrorCode, worker: string, message: string, hint: string): MaandError {
  return new MaandError({ code, worker, message, hint });
}

/** The error code of Node or of the operating system, such as `ECONNREFUSED`; empty if there is none. */
export function systemCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** `15 s`, `0.3 s`. */
export function seconds(ms: number): string {
  return `${ms >= 10_000 ? Math.round(ms / 1000) : Math.round(ms / 100) / 10} s`;
}

/** A machine: its name in messages, its address and its port. */
interface Place {
  readonly name: string;
  readonly address: string;
  readonly port: number;
}

/** `port 22`, or `10.0.0.1 port 22` if the worker has another name. */
export function placeOf({ name, address, port }: Place): string {
  return name === address ? `port ${port}` : `${address} port ${port}`;
}
