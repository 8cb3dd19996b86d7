import { isAbsolute, join } from "node:path";
import type { Worker } from "@maand/core";
import type { SshSettings } from "./settings.ts";
import type { HostLookup } from "./ssh-config.ts";

/** Where an sshd listens and how to log in there. */
export interface Endpoint {
  /** What people call it: the worker's host, or a jump host as written. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Absolute paths of private keys, offered in this order. */
  readonly identities: readonly string[];
  /** The machine to go through. */
  readonly jump?: Endpoint;
}

/** What an endpoint is worked out from. */
export interface EndpointSources {
  readonly worker: Pick<Worker, "host" | "port" | "user" | "identity">;
  readonly settings: Pick<SshSettings, "ssh_user" | "ssh_key" | "ssh_port">;
  readonly bucketRoot: string;
  readonly lookup: HostLookup;
}

/**
 * How a worker is reached (decision 31): what workers.json says wins over `~/.ssh/config`, and that over `maand.conf`.
 * Keys: `identity` alone when the worker has one; otherwise those of the ssh config, then the bucket's.
 */
export function endpointOf({ worker, settings, bucketRoot, lookup }: EndpointSources): Endpoint {
  const said = lookup(worker.host);
  const bucketKey = inSecrets(bucketRoot, settings.ssh_key);
  const jump = said.proxyJump && jumpChain(said.proxyJump, { settings, lookup, bucketKey, depth: 0 });
  return {
    name: worker.host,
    address: said.hostName ?? worker.host,
    port: worker.port ?? said.port ?? settings.ssh_port,
    user: worker.user ?? said.user ?? settings.ssh_user,
    identities: worker.identity ? [inSecrets(bucketRoot, worker.identity)] : [...said.identityFiles, bucketKey],
    ...(jump && { jump }),
  };
}

interface JumpSources {
  readonly settings: Pick<SshSettings, "ssh_user">;
  readonly lookup: HostLookup;
  readonly bucketKey: string;
  /** Hops gone so far; an end to jump hosts that name each other. */
  readonly depth: number;
}

const JUMP_LIMIT = 8;

/** `a,b`: through a, then through b. */
function jumpChain(written: string, sources: JumpSources): Endpoint | undefined {
  const hops = written.split(",").map((hop) => hop.trim());
  return hops.reduce<Endpoint | undefined>((before, hop) => jumpHost(hop, sources, before), undefined);
}

function jumpHost(written: string, sources: JumpSources, before: Endpoint | undefined): Endpoint {
  const { user, host, port } = splitHop(written);
  const said = sources.lookup(host);
  const deeper = { ...sources, depth: sources.depth + 1 };
  const own = said.proxyJump && sources.depth < JUMP_LIMIT ? jumpChain(said.proxyJump, deeper) : undefined;
  const jump = before ?? own;
  return {
    name: host,
    address: said.hostName ?? host,
    port: port ?? said.port ?? 22,
    user: user ?? said.user ?? sources.settings.ssh_user,
    identities: [...said.identityFiles, sources.bucketKey],
    ...(jump && { jump }),
  };
}

function splitHop(written: string): { user: string | undefined; host: string; port: number | undefined } {
  const parts = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+|[^:]*(?::[^:]*){2,}))(?::(\d+))?$/.exec(written);
  return {
    user: parts?.[1],
    host: parts?.[2] ?? parts?.[3] ?? written,
    port: parts?.[4] ? Number(parts[4]) : undefined,
  };
}

function inSecrets(bucketRoot: string, file: string): string {
  return isAbsolute(file) ? file : join(bucketRoot, "secrets", file);
}
