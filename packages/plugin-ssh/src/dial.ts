import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { isMaandError } from "@maand/core";
import type { Endpoint } from "./endpoint.ts";
import { explained, type Trouble, troubleOf } from "./explain.ts";
import { interrupted, unreachable } from "./failures.ts";
import type { Gate } from "./gate.ts";
import { HandshakeFailed, shakeHands } from "./handshake.ts";
import { type Credentials, credentialsFor } from "./identity.ts";
import { Link } from "./link.ts";
import type { PinBoard } from "./pins.ts";

/** What every connection of a run has in common. */
export interface DialOptions {
  readonly pins: PinBoard;
  /** Socket of the ssh agent. */
  readonly agent: string | undefined;
  /** Milliseconds for address, banner, keys and login of one machine, retries included. */
  readonly timeoutMs: number;
  readonly keepaliveMs: number;
  /** Handshakes that may be under way at once. */
  readonly handshakes: Gate;
  readonly signal: AbortSignal;
}

/**
 * Connects and logs in, through jump hosts where there are some. A refused connection is tried twice more at once; one
 * that is closed before the login, as sshd does when too many knock, a few times more with growing pauses.
 * @throws UNREACHABLE, AUTH_FAILED, HOST_KEY_CHANGED, INTERRUPTED
 */
export async function dial(endpoint: Endpoint, options: DialOptions): Promise<Link> {
  const { default: ssh2 } = await import("ssh2"); // a CommonJS module: Node finds `utils` on its default only
  const { utils } = ssh2;
  const parse = (data: Buffer) => utils.parseKey(data);
  const credentials = await credentialsFor(endpoint, options.agent, parse);
  const jump = endpoint.jump && (await dial(endpoint.jump, options));
  const leave = await options.handshakes.enter(options.signal).catch(() => {
    throw interrupted(endpoint.name, "connecting");
  });
  try {
    return await insist(endpoint, credentials, jump, options);
  } catch (error) {
    jump?.drop();
    throw error;
  } finally {
    leave();
  }
}

async function insist(
  endpoint: Endpoint,
  credentials: Credentials,
  jump: Link | undefined,
  options: DialOptions,
): Promise<Link> {
  const end = performance.now() + options.timeoutMs;
  for (let tries = 1; ; tries++) {
    try {
      const left = Math.max(1, end - performance.now());
      return await attempt(endpoint, credentials, jump, { ...options, timeoutMs: left });
    } catch (error) {
      if (isMaandError(error)) throw error;
      const wait = pauseBefore(troubleOf(error), tries);
      const patient = wait !== undefined && performance.now() + wait < end;
      if (!patient) throw explained(error, { endpoint, credentials, timeoutMs: options.timeoutMs, tries });
      await pause(wait, undefined, { signal: options.signal }).catch(() => {
        throw interrupted(endpoint.name, "connecting");
      });
    }
  }
}

/** Milliseconds to wait after a try that failed, with jitter so that many do not come back together. */
export function pauseBefore(trouble: Trouble, tries: number, random = Math.random): number | undefined {
  if (trouble === "refused" && tries <= 2) return 50 + random() * 100;
  if (trouble === "reset" && tries <= 6) return 100 * 2 ** (tries - 1) * (0.5 + random());
  return undefined;
}

async function attempt(
  endpoint: Endpoint,
  credentials: Credentials,
  jump: Link | undefined,
  options: DialOptions,
): Promise<Link> {
  const began = performance.now();
  const greeted = await shakeHands(() => wireTo(endpoint, jump, options), endpoint, credentials, options);
  return new Link({ worker: endpoint.name, ...greeted, handshakeMs: performance.now() - began, ...(jump && { jump }) });
}

/** A stream to an endpoint, through its jump host when it has one. */
export function wireTo(
  endpoint: Endpoint,
  jump: Link | undefined,
  options: Pick<DialOptions, "timeoutMs" | "signal">,
): Duplex | Promise<Duplex> {
  if (jump) return through(jump, endpoint, options);
  return connect({ host: endpoint.address, port: endpoint.port, noDelay: true });
}

/** The jump host waits for an answer as long as it likes; we do not. The stream of a late one ends with its link. */
async function through(
  jump: Link,
  { name, address, port }: Endpoint,
  { timeoutMs, signal }: Pick<DialOptions, "timeoutMs" | "signal">,
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
    ending.abort();
  });
}
