import type { Duplex } from "node:stream";
import type { Client, ConnectConfig } from "ssh2";
import type { DialOptions } from "./dial.ts";
import type { Endpoint } from "./endpoint.ts";
import { interrupted } from "./failures.ts";
import { algorithmsFor, refusal } from "./host-key.ts";
import type { Credentials } from "./identity.ts";
import { type HostKey, hostName, keyTypeOf } from "./known-hosts.ts";

/** How far a handshake got. */
export type Phase = "connect" | "banner" | "login";

/** How a handshake failed: an error, silence until time was up, or the other side hanging up. */
export type FailedBy = "error" | "time" | "hang-up";

/** A handshake that did not end in a login; `phase` says where it stood. */
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

/** A client that is logged in, and what it talks over. */
export interface Greeted {
  readonly client: Client;
  readonly wire: Duplex;
}

/**
 * The ssh handshake and login over a stream that is connected or connecting, all of it within `timeoutMs`. The key
 * shown is compared with the pinned ones before anything is sent; the first one ever is pinned once the login is done.
 * @throws HOST_KEY_CHANGED, INTERRUPTED, HandshakeFailed; what it leaves behind is closed
 */
export async function shakeHands(
  openWire: () => Duplex | Promise<Duplex>,
  endpoint: Endpoint,
  credentials: Credentials,
  options: DialOptions,
): Promise<Greeted> {
  const { Client } = await import("ssh2");
  const { pins } = options;
  const place = hostName(endpoint.address, endpoint.port);
  const pinned = await pins.find(place);
  const client = new Client();
  const wire = await openWire();
  let shown: HostKey | undefined;
  let refused: Error | undefined;
  const config: ConnectConfig = {
    username: endpoint.user,
    authHandler: [...credentials.methods],
    algorithms: { serverHostKey: algorithmsFor(pinned) },
    readyTimeout: 0,
    keepaliveInterval: options.keepaliveMs,
    keepaliveCountMax: 3,
    hostVerifier: (blob: Buffer) => {
      shown = { type: keyTypeOf(blob), blob };
      refused = refusal(endpoint, shown, pinned, pins.path);
      return refused === undefined;
    },
  };
  try {
    await ready(client, { ...config, sock: wire }, endpoint.name, options);
  } catch (error) {
    client.destroy();
    wire.destroy();
    throw refused ?? error;
  }
  if (shown && pinned.length === 0) await pins.add(place, shown);
  return { client, wire };
}

function ready(
  client: Client,
  config: ConnectConfig & { sock: Duplex },
  worker: string,
  options: DialOptions,
): Promise<void> {
  const { timeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    let phase: Phase = "connect";
    const settle = (done: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
      done();
    };
    const fail = (by: FailedBy, cause?: unknown) => settle(() => reject(new HandshakeFailed(phase, by, cause)));
    const hangUp = () => fail("hang-up");
    const abort = () => settle(() => reject(interrupted(worker, "connecting")));
    const timer = setTimeout(() => fail("time"), timeoutMs);
    if (signal.aborted) return abort();
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
        // an agent that cannot be asked is passed over; the next key, or the end of keys, comes as an error of its own
        if (error.level !== "agent") fail("error", error);
      });
    config.sock.once("end", hangUp); // before ssh2's own listener, which makes an error of it that says less
    client.connect(config);
  });
}
