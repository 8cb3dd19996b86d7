import type { Duplex } from "node:stream";
import type { ServerHostKeyAlgorithm } from "ssh2";
import { HandshakeFailed } from "./handshake.ts";
import { type HostKey, keyTypeOf } from "./known-hosts.ts";

/** What to ask a machine, and for how long. */
export interface Question {
  /** Key types to ask for, best first. */
  readonly algorithms: readonly ServerHostKeyAlgorithm[];
  readonly timeoutMs: number;
}

/**
 * Asks a machine for its host key and hangs up; no key of ours is needed.
 * @throws HandshakeFailed
 */
export async function offeredKey(wire: Duplex, { algorithms, timeoutMs }: Question): Promise<HostKey> {
  // a machine that refuses may do so while ssh2 is being loaded
  const early = new Promise<never>((_, reject) => {
    wire.once("error", (error) => reject(new HandshakeFailed("connect", "error", error)));
  });
  early.catch(() => {});
  const { Client } = await import("ssh2");
  const client = new Client();
  let timer: NodeJS.Timeout | undefined;
  try {
    const shown = new Promise<HostKey>((resolve, reject) => {
      timer = setTimeout(() => reject(new HandshakeFailed("banner", "time")), timeoutMs);
      const hostVerifier = (blob: Buffer) => {
        resolve({ type: keyTypeOf(blob), blob });
        return false;
      };
      wire.once("end", () => reject(new HandshakeFailed("banner", "hang-up")));
      client.on("error", (error) => reject(new HandshakeFailed("connect", "error", error)));
      client.connect({
        sock: wire,
        username: "maand",
        readyTimeout: 0,
        algorithms: { serverHostKey: [...algorithms] },
        hostVerifier,
      });
    });
    return await Promise.race([shown, early]);
  } finally {
    clearTimeout(timer);
    client.destroy();
    wire.destroy();
  }
}
