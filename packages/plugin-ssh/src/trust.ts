import type { ConnectContext } from "@maand/core";
import { dial, wireTo } from "./dial.ts";
import { explained } from "./explain.ts";
import { Gate } from "./gate.ts";
import { algorithmsFor } from "./host-key.ts";
import { fingerprint, type HostKey, hostName } from "./known-hosts.ts";
import { wayTo } from "./open.ts";
import type { SshOptions } from "./plugin.ts";
import { offeredKey } from "./scan.ts";

/** One row of `maand worker trust` (decision 31). */
export interface HostKeyReport {
  /** The worker's host in workers.json. */
  readonly worker: string;
  /** Its name in `secrets/known_hosts`. */
  readonly name: string;
  readonly key: HostKey;
  /** Of the key it shows: `SHA256:...`. */
  readonly fingerprint: string;
  /** Of the keys pinned for it. */
  readonly pinned: readonly string[];
  /** Whether the key it shows is pinned, or would be the first one, or is another one than those pinned. */
  readonly state: "pinned" | "new" | "changed";
  /** Pins the key it shows, in place of those pinned before. */
  trust(): Promise<void>;
}

/**
 * Asks a worker for its host key, through its jump host when it has one, without logging in to it.
 * @throws UNREACHABLE; for a jump host also AUTH_FAILED and HOST_KEY_CHANGED
 */
export async function inspectHostKey(
  context: Pick<ConnectContext, "worker" | "settings" | "bucket" | "signal">,
  options: SshOptions = {},
): Promise<HostKeyReport> {
  const { endpoint, how } = await wayTo(context, options, new Gate(1));
  const { pins, timeoutMs } = how;
  const name = hostName(endpoint.address, endpoint.port);
  const pinned = await pins.find(name);
  const jump = endpoint.jump && (await dial(endpoint.jump, how));
  try {
    const wire = await wireTo(endpoint, jump, how);
    const key = await offeredKey(wire, { algorithms: algorithmsFor(pinned), timeoutMs });
    const known = pinned.some((one) => one.key.blob.equals(key.blob));
    return {
      worker: endpoint.name,
      name,
      key,
      fingerprint: fingerprint(key),
      pinned: pinned.map((one) => fingerprint(one.key)),
      state: known ? "pinned" : pinned.length > 0 ? "changed" : "new",
      async trust() {
        if (known) return;
        await pins.remove(name);
        await pins.add(name, key);
      },
    };
  } catch (error) {
    const credentials = { methods: [], offered: [], passedOver: [] };
    throw explained(error, { endpoint, credentials, timeoutMs, tries: 1 });
  } finally {
    jump?.drop();
  }
}
