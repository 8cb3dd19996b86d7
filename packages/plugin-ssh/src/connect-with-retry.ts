import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { isMaandError } from "@maand/core";
import { type ConnectFailure, connectError, connectFailureOf } from "./connect-errors.ts";
import { Connection } from "./connection.ts";
import type { Endpoint } from "./endpoint.ts";
import { interrupted, unreachable } from "./errors.ts";
import { type ConnectOptions, HandshakeFailed, type HandshakeOptions, handshake } from "./handshake.ts";
import { loginKeysFor } from "./login/login-keys.ts";

/**
 * Connects and logs in, through jump hosts if there are any. A refused connection is retried twice without delay. A
 * connection that is closed before the login, as sshd does if there are too many at once, is retried a few times with
 * growing pauses.
 * @throws UNREACHABLE, AUTH_FAILED, HOST_KEY_CHANGED, INTERRUPTED
 */
export async function connectWithRetry(endpoint: Endpoint, options: ConnectOptions): Promise<Connection> {
  const keys = await loginKeysFor(endpoint, options.agent);
  const jump = endpoint.jump && (await connectWithRetry(endpoint.jump, options));
  try {
    const release = await options.handshakes.acquire(options.signal).catch(() => {
      throw interrupted(endpoint.name, "connecting");
    });
    return await retry(jump, { ...options, endpoint, keys }).finally(release);
  } catch (error) {
    jump?.drop();
    throw error;
  }
}

async function retry(jump: Connection | undefined, options: HandshakeOptions): Promise<Connection> {
  const { endpoint, timeoutMs, signal } = options;
  const end = performance.now() + timeoutMs;
  for (let tries = 1; ; tries++) {
    try {
      return await attempt(jump, { ...options, timeoutMs: Math.max(1, end - performance.now()) });
    } catch (error) {
      if (isMaandError(error)) throw error;
      const wait = pauseBefore(connectFailureOf(error), tries);
      const hasTime = wait !== undefined && performance.now() + wait < end;
      if (!hasTime) throw await connectError(error, { ...options, tries });
      await pause(wait, undefined, { signal }).catch(() => {
        throw interrupted(endpoint.name, "connecting");
      });
    }
  }
}

/** Milliseconds to wait after a failed attempt, with jitter so that many workers are not retried at the same moment. */
export function pauseBefore(failure: ConnectFailure, tries: number, random = Math.random): number | undefined {
  if (failure === "refused" && tries <= 2) return 50 + random() * 100;
  if (failure === "reset" && tries <= 6) return 100 * 2 ** (tries - 1) * (0.5 + random());
  return undefined;
}

async function attempt(jump: Connection | undefined, options: HandshakeOptions): Promise<Connection> {
  const began = performance.now();
  const { endpoint } = options;
  const loggedIn = await handshake(() => wireTo(endpoint, jump, options), options);
  const handshakeMs = performance.now() - began;
  return new Connection({
    worker: endpoint.name,
    user: endpoint.user,
    ...loggedIn,
    handshakeMs,
    ...(jump && { jump }),
  });
}

/** A stream to an endpoint, through its jump host if it has one; an early error is kept in its `errored`. */
export function wireTo(
  endpoint: Endpoint,
  jump: Connection | undefined,
  options: Pick<ConnectOptions, "timeoutMs" | "signal">,
): Duplex | Promise<Duplex> {
  if (jump) return forwardThrough(jump, endpoint, options);
  return connect({ host: endpoint.address, port: endpoint.port, noDelay: true }).on("error", () => {});
}

/**
 * Forwards a stream through a jump host. The jump host may wait for a response without a limit, so the wait is limited
 * here.
 */
async function forwardThrough(
  jump: Connection,
  { name, address, port }: Endpoint,
  { timeoutMs, signal }: Pick<ConnectOptions, "timeoutMs" | "signal">,
): Promise<Duplex> {
  const ending = new AbortController();
  const late = pause(timeoutMs, undefined, { signal: AbortSignal.any([signal, ending.signal]) }).then(
    () => Promise.reject(new HandshakeFailed("connect", "time")),
    () => Promise.reject(interrupted(name, "connecting")),
  );
  const opened = jump.forward(address, port).catch((error: Error) => {
    throw unreachable(name, `its jump host ${jump.name} cannot connect to port ${port}: ${error.message}`, "", error);
  });
  return Promise.race([opened, late]).finally(() => {
    late.catch(() => {});
    opened.then((stream) => stream.on("error", () => {})).catch(() => {});
    ending.abort();
  });
}
