import type { Duplex } from "node:stream";
import type { LocateContext } from "@maand/core";
import { Semaphore } from "@maand/core/internal";
import type { ServerHostKeyAlgorithm } from "ssh2";
import { connectError } from "../connect-errors.ts";
import { connectWithRetry, wireTo } from "../connect-with-retry.ts";
import { routeTo } from "../connect-worker.ts";
import { HandshakeFailed } from "../handshake.ts";
import type { SshOptions } from "../options.ts";
import { algorithmsFor, isPinned, withRole } from "./host-key-check.ts";
import { fingerprint, type HostKey, hostName, keyTypeOf } from "./known-hosts.ts";

/** The host key that a worker presents, and whether it is pinned. */
export interface HostKeyReport {
  /** The worker's host in workers.json. */
  readonly worker: string;
  /** Its name in `secrets/known_hosts`. */
  readonly name: string;
  readonly key: HostKey;
  /** Fingerprint of the presented key: `SHA256:...`. */
  readonly fingerprint: string;
  /** Fingerprints of the keys pinned for it. */
  readonly pinned: readonly string[];
  /** Whether the presented key is pinned, is the first key of this worker, or differs from the pinned keys. */
  readonly state: "pinned" | "new" | "changed";
  /** Pins the presented key in place of the previous ones. */
  trust(): Promise<void>;
}

/**
 * Reads the host key of a worker, through its jump host if it has one, without logging in to it.
 * @throws UNREACHABLE; for a jump host also AUTH_FAILED and HOST_KEY_CHANGED
 */
export async function inspectHostKey(
  context: Pick<LocateContext, "worker" | "settings" | "bucket" | "signal">,
  options: SshOptions = {},
): Promise<HostKeyReport> {
  const { endpoint, connect } = await routeTo(context, options, new Semaphore(1));
  const { pins, timeoutMs } = connect;
  const name = hostName(endpoint.address, endpoint.port);
  const lines = await pins.find(name);
  const pinned = withRole(lines, "pinned");
  const jump = endpoint.jump && (await connectWithRetry(endpoint.jump, connect));
  try {
    const wire = await wireTo(endpoint, jump, connect);
    const key = await readHostKey(wire, algorithmsFor(lines), timeoutMs);
    const isKnown = isPinned(lines, key);
    return {
      worker: endpoint.name,
      name,
      key,
      fingerprint: fingerprint(key),
      pinned: pinned.map((known) => fingerprint(known.key)),
      state: isKnown ? "pinned" : pinned.length > 0 ? "changed" : "new",
      trust: async () => (isKnown ? undefined : pins.replace(name, key)),
    };
  } catch (error) {
    const keys = { methods: [], offered: [], unusable: [], agent: undefined };
    throw await connectError(error, { endpoint, keys, timeoutMs, tries: 1 });
  } finally {
    jump?.drop();
  }
}

/** Reads the host key of a machine and disconnects; no login key is needed. */
async function readHostKey(wire: Duplex, algorithms: ServerHostKeyAlgorithm[], timeoutMs: number): Promise<HostKey> {
  const { default: ssh2 } = await import("ssh2");
  const client = new ssh2.Client();
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<HostKey>((resolve, reject) => {
      const fail = (error: unknown) => reject(new HandshakeFailed("connect", "error", error));
      // a machine may refuse the connection while ssh2 is being loaded
      if (wire.errored) return fail(wire.errored);
      timer = setTimeout(() => reject(new HandshakeFailed("banner", "time")), timeoutMs);
      const hostVerifier = (blob: Buffer) => {
        resolve({ type: keyTypeOf(blob), blob });
        return false;
      };
      wire.once("end", () => reject(new HandshakeFailed("banner", "hang-up")));
      client.on("error", fail);
      client.connect({
        sock: wire,
        username: "maand",
        readyTimeout: 0,
        algorithms: { serverHostKey: algorithms },
        hostVerifier,
      });
    });
  } finally {
    clearTimeout(timer);
    client.destroy();
    wire.destroy();
  }
}
