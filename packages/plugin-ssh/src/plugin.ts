import { homedir } from "node:os";
import { join } from "node:path";
import type { ConnectContext, Plugin } from "@maand/core";
import { type DialOptions, dial } from "./dial.ts";
import { type Endpoint, endpointOf } from "./endpoint.ts";
import { Gate } from "./gate.ts";
import { pinBoard } from "./pins.ts";
import { SshRemote } from "./remote.ts";
import { readSshConfig } from "./ssh-config.ts";

/** Options of {@link ssh}; all have defaults that suit an OpenSSH server as it comes. */
export interface SshOptions {
  /** ssh client configuration to read; default `~/.ssh/config`. */
  readonly configFile?: string;
  /** Socket of the ssh agent; default `SSH_AUTH_SOCK`. Empty: no agent. */
  readonly agent?: string;
  /** Commands at once over one connection; default 8, since sshd allows 10 (MaxSessions). */
  readonly channels?: number;
  /** Handshakes at once; default 32. */
  readonly handshakes?: number;
  /** Seconds between signs of life; after three unanswered ones the connection is given up. Default 15. */
  readonly keepaliveSeconds?: number;
}

/** Reaches workers whose transport is `ssh`, over one ssh2 connection each (decision 31). */
export function ssh(options: SshOptions = {}): Plugin {
  const handshakes = new Gate(options.handshakes ?? 32);
  return {
    name: "ssh",
    apply({ connect, preflight }) {
      connect.tapPromise("ssh", async (context) => {
        const { worker, settings } = context;
        return (worker.transport ?? settings.transport) === "ssh" ? open(context, options, handshakes) : undefined;
      });
      preflight.tap("ssh", ({ remote, needs }) => {
        if (remote.transport !== "ssh") return;
        needs("timeout");
        if (remote.sudo) needs("sudo");
      });
    },
  };
}

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
    endpoint: endpointOf({ worker, settings, bucketRoot: bucket.root, lookup }),
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

async function open(context: ConnectContext, options: SshOptions, handshakes: Gate): Promise<SshRemote> {
  const { worker, settings, bucket } = context;
  const { endpoint, how } = await wayTo(context, options, handshakes);
  const parts = {
    host: worker.host,
    root: `${settings.workerRoot.replace(/\/+$/, "")}/${bucket.id}`,
    sudo: settings.useSudo && endpoint.user !== "root",
    channels: options.channels ?? 8,
    commandMs: settings.timeouts.commandMs,
    connectMs: settings.timeouts.connectMs,
    dial: () => dial(endpoint, how),
  };
  return new SshRemote(parts, await parts.dial());
}
