import { homedir } from "node:os";
import { join } from "node:path";
import type { ConnectContext, LocateContext, Login } from "@maand/core";
import type { Semaphore } from "@maand/core/internal";
import { type HostLookup, readSshConfig } from "./config/ssh-config.ts";
import { connectWithRetry } from "./connect-with-retry.ts";
import { type Endpoint, endpointOf, SSH_SETTINGS } from "./endpoint.ts";
import type { ConnectOptions } from "./handshake.ts";
import { hostKeyPins } from "./host-keys/host-key-pins.ts";
import type { SshOptions } from "./options.ts";
import { SshRemote } from "./ssh-remote.ts";

/** Where a worker is and how to connect to it. */
export interface Route {
  readonly endpoint: Endpoint;
  readonly connect: ConnectOptions;
}

/** Determines the route to a worker from the bucket, the ssh config and the options; contacts no machine. */
export async function routeTo(
  { worker, settings, bucket, signal }: Pick<LocateContext, "worker" | "settings" | "bucket" | "signal">,
  options: SshOptions,
  handshakes: Semaphore,
): Promise<Route> {
  const lookup = await lookupWith(options);
  return {
    endpoint: endpointOf({ worker, settings: SSH_SETTINGS.from(settings), bucketRoot: bucket.root, lookup }),
    connect: {
      pins: hostKeyPins(join(bucket.root, "secrets", "known_hosts"), join(bucket.root, "data", "known_hosts.lock")),
      agent: (options.agent ?? process.env.SSH_AUTH_SOCK) || undefined,
      timeoutMs: settings.timeouts.connectMs,
      keepaliveMs: (options.keepaliveSeconds ?? 15) * 1000,
      handshakes,
      signal,
    },
  };
}

/** The files that OpenSSH reads, in its order; the first value applies. */
function userConfigs(): string[] {
  return [join(homedir(), ".ssh", "config"), "/etc/ssh/ssh_config"];
}

/** How other programs log in to a worker; contacts no machine. */
export async function loginOf({ worker, settings, bucket }: LocateContext, options: SshOptions): Promise<Login> {
  const { use_sudo: sudo, ...own } = SSH_SETTINGS.from(settings);
  const lookup = await lookupWith(options);
  const { user, port, identities } = endpointOf({ worker, settings: own, bucketRoot: bucket.root, lookup });
  return { user, port, keyFile: identities.at(-1) ?? "", sudo };
}

function lookupWith({ configFile }: SshOptions): Promise<HostLookup> {
  return sharedConfig(configFile ? [configFile] : userConfigs());
}

const reading = new Map<string, Promise<HostLookup>>();

/** Workers that are connected at the same time share one read of the files. */
function sharedConfig(paths: readonly string[]): Promise<HostLookup> {
  const key = paths.join("\n");
  const known = reading.get(key);
  if (known) return known;
  const lookup = readSshConfig(paths).finally(() => reading.delete(key));
  reading.set(key, lookup);
  return lookup;
}

/** Connects to a worker, and returns it as a remote. */
export async function openRemote(
  context: ConnectContext,
  options: SshOptions,
  handshakes: Semaphore,
): Promise<SshRemote> {
  const { worker, root, settings, backPressure } = context;
  const { endpoint, connect } = await routeTo(context, options, handshakes);
  const parts = {
    host: worker.host,
    user: endpoint.user,
    root,
    sudo: SSH_SETTINGS.from(settings).use_sudo && endpoint.user !== "root",
    channels: options.channels ?? 8,
    commandMs: settings.timeouts.commandMs,
    connectMs: settings.timeouts.connectMs,
    backPressure,
    connect: () => connectWithRetry(endpoint, connect),
  };
  return new SshRemote(parts, await parts.connect());
}
