import { isAbsolute, join } from "node:path";
import { defineSettings, setting, type Worker, type WrittenKeys } from "@maand/core";
import { isKeyFile, KEY_FILE_HINT, KEY_FILE_PATTERN } from "@maand/core/toolbox";
import * as v from "valibot";
import type { HostLookup } from "./config/ssh-config.ts";

/** Keys of `maand.conf` for logins, used if workers.json and the ssh config set nothing. */
export const SSH_SETTINGS = defineSettings({
  entries: {
    ssh_user: setting(
      v.pipe(v.string(), v.regex(/^[a-zA-Z0-9_][a-zA-Z0-9_.-]*\$?$/, "is not a user name")),
      'User on the workers; default "agent".',
      "agent",
    ),
    ssh_key: setting(
      v.pipe(
        v.string(),
        v.trim(),
        v.check(isKeyFile, `does not name a key file: ${KEY_FILE_HINT}`),
        v.metadata({ pattern: KEY_FILE_PATTERN, patternErrorMessage: KEY_FILE_HINT }),
      ),
      'Key file, under secrets/ or absolute; default "worker.key".',
      "worker.key",
    ),
    ssh_key_command: setting(
      v.pipe(v.array(v.pipe(v.string(), v.nonEmpty("must not be empty"))), v.readonly()),
      "Program and arguments that print the private key, instead of ssh_key; default none.",
      [],
    ),
    ssh_port: setting(
      v.pipe(
        v.number(),
        v.integer("a port is a whole number"),
        v.maxValue(65535, "a port is at most 65535"),
        v.transform((port) => (port > 0 ? port : 22)),
      ),
      "Port of sshd on the workers; 0 or less means the default, 22.",
      22,
    ),
    use_sudo: setting(v.boolean(), "Run commands on workers through sudo; default true.", true),
  },
});

/** The values of {@link SSH_SETTINGS}. */
export type SshSettings = ReturnType<typeof SSH_SETTINGS.from>;

declare module "@maand/core" {
  interface SettingsWritten extends WrittenKeys<typeof SSH_SETTINGS> {}
}

/** The address of an sshd, and how to log in there. */
export interface Endpoint {
  /** Its name in messages: the worker's host, or a jump host as written. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** Absolute paths of private keys, offered in this order. */
  readonly identities: readonly string[];
  /** A command that prints the bucket's private key, if it is not in a file. The key is offered after `identities`. */
  readonly keyCommand?: { readonly argv: readonly string[]; readonly root: string };
  /** Absolute paths of certificates that the ssh config names; they cannot be offered. */
  readonly certificates: readonly string[];
  /** The ProxyCommand of the ssh config; it is never run. */
  readonly proxyCommand?: string;
  /** The jump host. */
  readonly jump?: Endpoint;
}

/** The sources that determine an endpoint. */
export interface EndpointSources {
  readonly worker: Pick<Worker, "host" | "port" | "user" | "identity">;
  readonly settings: Pick<SshSettings, "ssh_user" | "ssh_key" | "ssh_key_command" | "ssh_port">;
  readonly bucketRoot: string;
  readonly lookup: HostLookup;
}

/**
 * The endpoint of a worker: workers.json overrides the ssh config, and the ssh config overrides `maand.conf`. If the
 * worker has an `identity`, that is its only key. Otherwise, it has the keys of the ssh config, then the bucket's key.
 */
export function endpointOf({ worker, settings, bucketRoot, lookup }: EndpointSources): Endpoint {
  const { host, user, identity } = worker;
  const found = lookup({ host, ...(user && { user }), defaultUser: settings.ssh_user });
  const bucketKey = bucketKeyOf(bucketRoot, settings);
  const jump = found.proxyJump && jumpChain(found.proxyJump, { settings, lookup, bucketKey, depth: 0 });
  return {
    name: host,
    address: found.hostName ?? host,
    port: worker.port ?? found.port ?? settings.ssh_port,
    user: user ?? found.user ?? settings.ssh_user,
    ...(identity ? { identities: [inSecrets(bucketRoot, identity)] } : keysOf(found.identityFiles, bucketKey)),
    certificates: found.certificateFiles,
    ...(found.proxyCommand && { proxyCommand: found.proxyCommand }),
    ...(jump && { jump }),
  };
}

interface JumpSources {
  readonly settings: Pick<SshSettings, "ssh_user">;
  readonly lookup: HostLookup;
  readonly bucketKey: BucketKey;
  /** Number of hops so far. A limit stops jump hosts that name each other in a circle. */
  readonly depth: number;
}

const JUMP_LIMIT = 8;

/** The key of the bucket: the path of its file, or the command that prints it. */
type BucketKey = string | NonNullable<Endpoint["keyCommand"]>;

function bucketKeyOf(root: string, settings: EndpointSources["settings"]): BucketKey {
  const { ssh_key: file, ssh_key_command: argv } = settings;
  return argv.length > 0 ? { argv, root } : inSecrets(root, file);
}

/** The keys of the ssh config, then the key of the bucket. */
function keysOf(files: readonly string[], key: BucketKey): Pick<Endpoint, "identities" | "keyCommand"> {
  return typeof key === "string" ? { identities: [...files, key] } : { identities: files, keyCommand: key };
}

/** The chain of jump hosts. For `a,b`, the connection goes through a, then through b. */
function jumpChain(written: string, sources: JumpSources): Endpoint | undefined {
  const hops = written.split(",").map((hop) => hop.trim());
  return hops.reduce<Endpoint | undefined>((before, hop) => jumpHost(hop, sources, before), undefined);
}

function jumpHost(written: string, sources: JumpSources, before: Endpoint | undefined): Endpoint {
  const { user, host, port } = splitHop(written);
  const found = sources.lookup({ host, ...(user && { user }), defaultUser: sources.settings.ssh_user });
  const deeper = { ...sources, depth: sources.depth + 1 };
  const own = found.proxyJump && sources.depth < JUMP_LIMIT ? jumpChain(found.proxyJump, deeper) : undefined;
  const jump = before ?? own;
  return {
    name: host,
    address: found.hostName ?? host,
    port: port ?? found.port ?? 22,
    user: user ?? found.user ?? sources.settings.ssh_user,
    ...keysOf(found.identityFiles, sources.bucketKey),
    certificates: found.certificateFiles,
    ...(!jump && found.proxyCommand && { proxyCommand: found.proxyCommand }),
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
