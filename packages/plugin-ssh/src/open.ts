import { homedir } from "node:os";
import { join } from "node:path";
import type { ConnectContext, Login } from "@maand/core";
import { type DialOptions, dial } from "./dial.ts";
import { type Endpoint, endpointOf, SSH_SETTINGS } from "./endpoint.ts";
import type { Gate } from "./gate.ts";
import { pinBoard } from "./pins.ts";
import type { SshOptions } from "./plugin.ts";
import { SshRemote } from "./remote.ts";
import { readSshConfig } from "./ssh-config.ts";

/** Where a worker is and how to get there. */
export interface Way {
  readonly endpoint: Endpoint;
  readonly how: DialOptions;
}

/** Works out the way to a worker from its bucket, the ssh config and the options; contacts nobody. */
export async function wayTo(
  { worker, settings, bucket, signal }: Pick<ConnectContext, "worker" | "settings" | "bucket" | "signal">,
  options: SshOptions,
  handshakes: Gate,
): Promise<Way> {
  const lookup = await readSshConfig(options.configFile ?? join(homedir(), ".ssh", "config"));
  return {
    endpoint: endpointOf({ worker, settings: SSH_SETTINGS.from(settings), bucketRoot: bucket.root, lookup }),
    how: {
      pins: pinBoard(join(bucket.root, "secrets", "known_hosts")),
      agent: (options.agent ?? process.env.SSH_AUTH_SOCK) || undefined,
      timeoutMs: settings.timeouts.connectMs,
      keepaliveMs: (options.keepaliveSeconds ?? 15) * 1000,
      handshakes,
      signal,
    },
  };
}

/** How a worker is logged in to by other programs; contacts nobody. */
export async function loginOf({ worker, settings, bucket }: ConnectContext, options: SshOptions): Promise<Login> {
  const { use_sudo: sudo, ...own } = SSH_SETTINGS.from(settings);
  const lookup = await readSshConfig(options.configFile ?? join(homedir(), ".ssh", "config"));
  const { user, port, identities } = endpointOf({ worker, settings: own, bucketRoot: bucket.root, lookup });
  return { user, port, keyFile: identities.at(-1) ?? "", sudo };
}

/** Connects a worker, and answers it as a remote. */
export async function openRemote(context: ConnectContext, options: SshOptions, handshakes: Gate): Promise<SshRemote> {
  const { worker, settings, bucket } = context;
  const { endpoint, how } = await wayTo(context, options, handshakes);
  const parts = {
    host: worker.host,
    root: `${settings.workerRoot.replace(/\/+$/, "")}/${bucket.id}`,
    sudo: SSH_SETTINGS.from(settings).use_sudo && endpoint.user !== "root",
    channels: options.channels ?? 8,
    commandMs: settings.timeouts.commandMs,
    connectMs: settings.timeouts.connectMs,
    dial: () => dial(endpoint, how),
  };
  return new SshRemote(parts, await parts.dial());
}
