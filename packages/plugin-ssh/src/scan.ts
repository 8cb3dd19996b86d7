import { connect } from "node:net";
import type { HostKey } from "./known-hosts.ts";
import { keyTypeOf } from "./known-hosts.ts";

/** The key a machine shows before anybody logs in. */
export interface OfferedKey {
  readonly address: string;
  readonly port: number;
  readonly key: HostKey;
}

/** Asks a machine for its host key and hangs up; no key of ours is needed. For `maand worker trust`. */
export async function offeredKey(address: string, port: number, timeoutMs: number): Promise<OfferedKey> {
  const { Client } = await import("ssh2");
  const client = new Client();
  const sock = connect({ host: address, port, noDelay: true });
  try {
    return await new Promise<OfferedKey>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no host key within ${timeoutMs} ms`)), timeoutMs);
      const hostVerifier = (blob: Buffer) => {
        clearTimeout(timer);
        resolve({ address, port, key: { type: keyTypeOf(blob), blob } });
        return false;
      };
      client.on("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
      client.once("close", () => reject(new Error("closed before it showed a host key")));
      client.connect({ sock, username: "maand", readyTimeout: 0, hostVerifier });
    });
  } finally {
    client.destroy();
    sock.destroy();
  }
}
