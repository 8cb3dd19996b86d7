import type { Duplex } from "node:stream";
import type { Semaphore } from "@maand/core/internal";
import type { Client, ConnectConfig } from "ssh2";
import type { Endpoint } from "./endpoint.ts";
import { interrupted, unreachable } from "./errors.ts";
import { algorithmsFor, refusal, withRole } from "./host-keys/host-key-check.ts";
import type { HostKeyPins } from "./host-keys/host-key-pins.ts";
import { type HostKey, hostName, type KnownHost, keyTypeOf } from "./host-keys/known-hosts.ts";
import type { LoginKeys } from "./login/login-keys.ts";
import { shortenLogin } from "./login/shorter-login.ts";

/** The phase that a handshake reached. */
export type Phase = "connect" | "banner" | "login";

/** How a handshake failed: an error, the time limit, or the other side closing the connection. */
export type FailedBy = "error" | "time" | "hang-up";

/** A handshake that did not reach the login; `phase` is its progress. */
export class HandshakeFailed extends Error {
  override readonly name = "HandshakeFailed";
  readonly phase: Phase;
  readonly by: FailedBy;

  constructor(phase: Phase, by: FailedBy, cause?: unknown) {
    super(cause instanceof Error ? cause.message : "", { cause });
    this.phase = phase;
    this.by = by;
  }
}

/** A logged-in client, and its underlying stream. */
export interface LoggedIn {
  readonly client: Client;
  readonly wire: Duplex;
}

/** The options that all connections of a run share. */
export interface ConnectOptions {
  readonly pins: HostKeyPins;
  /** Socket of the ssh agent. */
  readonly agent: string | undefined;
  /** Milliseconds for address, banner, keys and login of one machine, retries included. */
  readonly timeoutMs: number;
  readonly keepaliveMs: number;
  /** Limits the number of concurrent handshakes. */
  readonly handshakes: Semaphore;
  readonly signal: AbortSignal;
}

/** The options of one handshake, in addition to its stream. */
export interface HandshakeOptions extends ConnectOptions {
  readonly endpoint: Endpoint;
  readonly keys: LoginKeys;
}

/**
 * Performs the ssh handshake and login over a stream that is connected or connecting, within `timeoutMs`. The presented
 * host key is compared with the pinned keys before anything is sent; the first key of a machine is pinned after the
 * login.
 * @throws HOST_KEY_CHANGED, UNREACHABLE, INTERRUPTED, HandshakeFailed; in these cases client and stream are closed
 */
export async function handshake(
  openWire: () => Duplex | Promise<Duplex>,
  options: HandshakeOptions,
): Promise<LoggedIn> {
  const { default: ssh2 } = await import("ssh2");
  const { endpoint, pins } = options;
  const place = hostName(endpoint.address, endpoint.port);
  const lines = await pins.find(place);
  const wire = await openWire();
  const client = new ssh2.Client();
  try {
    const key = await login(client, wire, lines, options);
    if (withRole(lines, "pinned").length === 0) await pinFirst(place, key, options);
    return { client, wire };
  } catch (error) {
    client.on("error", () => {}).destroy();
    wire.destroy();
    throw error;
  }
}

/** Logs in, and returns the presented host key. */
async function login(
  client: Client,
  wire: Duplex,
  lines: readonly KnownHost[],
  options: HandshakeOptions,
): Promise<HostKey> {
  const { endpoint, keys, pins, keepaliveMs } = options;
  let key: HostKey = { type: "", blob: Buffer.alloc(0) };
  let refused: Error | undefined;
  const config: ConnectConfig = {
    sock: wire,
    username: endpoint.user,
    authHandler: [...keys.methods],
    algorithms: {
      serverHostKey: algorithmsFor(lines),
      // the order of these keys matters: ssh2 does not move algorithms that it already has
      kex: { remove: [CHEAPEST], prepend: [CHEAPEST], append: [...OLD_KEY_EXCHANGES] },
    },
    readyTimeout: 0,
    keepaliveInterval: keepaliveMs,
    keepaliveCountMax: 3,
    hostVerifier: (blob: Buffer) => {
      key = { type: keyTypeOf(blob), blob };
      refused = refusal({ endpoint, key, lines, path: pins.path });
      return refused === undefined;
    },
  };
  try {
    await ready(client, wire, config, options);
    return key;
  } catch (error) {
    throw refused ?? error;
  }
}

/** Offered first: as strong as curve25519, and a third of its CPU time in Node. */
const CHEAPEST = "ecdh-sha2-nistp256";
/** Offered last, for servers that support nothing newer. */
const OLD_KEY_EXCHANGES = ["diffie-hellman-group-exchange-sha1", "diffie-hellman-group14-sha1"] as const;

/** Pins the first key of a machine. If another process has pinned another key in the meantime, that key is valid. */
async function pinFirst(place: string, key: HostKey, { endpoint, pins }: HandshakeOptions): Promise<void> {
  const lines = await pins.add(place, key).catch((cause: unknown) => {
    const why = cause instanceof Error ? cause.message : String(cause);
    const hint = `make ${pins.path} writable for this user: every worker's host key is pinned there at first contact`;
    throw unreachable(endpoint.name, `its host key cannot be pinned in ${pins.path}: ${why}`, hint, cause);
  });
  const refused = refusal({ endpoint, key, lines, path: pins.path });
  if (refused) throw refused;
}

function ready(client: Client, wire: Duplex, config: ConnectConfig, options: HandshakeOptions): Promise<void> {
  const { timeoutMs, signal, endpoint } = options;
  return new Promise((resolve, reject) => {
    let phase: Phase = "connect";
    const settle = (done: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      done();
    };
    const fail = (by: FailedBy, cause?: unknown) => settle(() => reject(new HandshakeFailed(phase, by, cause)));
    const hangUp = () => fail("hang-up");
    const abort = () => settle(() => reject(interrupted(endpoint.name, "connecting")));
    const timer = setTimeout(() => fail("time"), timeoutMs);
    if (signal.aborted) return abort();
    if (wire.errored) return fail("error", wire.errored);
    signal.addEventListener("abort", abort, { once: true });
    client
      .on("connect", () => {
        phase = "banner";
      })
      .on("handshake", () => {
        phase = "login";
      })
      .once("ready", () => settle(resolve))
      .once("close", hangUp)
      .on("error", (error) => {
        // an agent that does not respond is skipped; the failure of the remaining keys is a separate error
        if (error.level !== "agent") fail("error", error);
      });
    wire.once("end", hangUp); // called before ssh2's own listener, whose error is less specific
    client.connect(config);
    shortenLogin(client);
  });
}
