import { readFile, stat } from "node:fs/promises";
import type { AnyAuthMethod, ParsedKey } from "ssh2";
import type { Endpoint } from "./endpoint.ts";
import { authFailed } from "./failures.ts";

/** What can be offered at a login, and what was passed over. */
export interface Credentials {
  readonly methods: readonly AnyAuthMethod[];
  /** What is offered, for a person: key paths and `ssh agent`. */
  readonly offered: readonly string[];
  /** Why keys were passed over: `/b/secrets/worker.key does not exist`. */
  readonly passedOver: readonly string[];
}

/** Parses a private key; an Error says why it cannot. */
export type ParseKey = (data: Buffer) => ParsedKey | Error;

/**
 * Reads the keys of an endpoint; the agent's come after them. A key that others may read is refused, as OpenSSH does.
 * @throws AUTH_FAILED when nothing can be offered, or a key's permissions are too open.
 */
export async function credentialsFor(
  endpoint: Endpoint,
  agent: string | undefined,
  parseKey: ParseKey,
): Promise<Credentials> {
  const keys = await Promise.all(endpoint.identities.map((path) => readIdentity(path, endpoint, parseKey)));
  const usable = keys.filter((key) => key.key !== undefined);
  const passedOver = keys.flatMap(({ trouble }) => trouble ?? []);
  const methods: AnyAuthMethod[] = usable.flatMap(({ key }) =>
    key ? [{ type: "publickey", username: endpoint.user, key }] : [],
  );
  if (agent) methods.push({ type: "agent", username: endpoint.user, agent });
  if (methods.length === 0) throw nothingToOffer(endpoint, passedOver);
  return {
    methods,
    passedOver,
    offered: [...usable.map(({ path }) => path), ...(agent ? ["the ssh agent's keys"] : [])],
  };
}

/** AUTH_FAILED for a login that was refused: says as whom, with what, and what to do. */
export function loginRefused(endpoint: Endpoint, { offered, passedOver }: Credentials): Error {
  const { name, user } = endpoint;
  const skipped = passedOver.length > 0 ? ` (${passedOver.join("; ")})` : "";
  return authFailed(
    name,
    `${name} refused user "${user}" with ${offered.join(", ")}${skipped}`,
    `is the public key in ~${user}/.ssh/authorized_keys there? ssh_user and ssh_key are set in maand.conf, user and identity per worker in workers.json`,
  );
}

interface Identity {
  readonly path: string;
  readonly key?: ParsedKey;
  readonly trouble?: string;
}

async function readIdentity(path: string, endpoint: Endpoint, parseKey: ParseKey): Promise<Identity> {
  try {
    const { mode, uid } = await stat(path);
    if (uid === process.getuid?.() && (mode & 0o077) !== 0) throw tooOpen(path, mode, endpoint);
    const key = parseKey(await readFile(path));
    if (!(key instanceof Error)) return { path, key };
    return { path, trouble: `${path} ${/encrypted/i.test(key.message) ? ENCRYPTED : "is not a private key"}` };
  } catch (error) {
    if (!(error instanceof Error && "syscall" in error && "code" in error)) throw error;
    return {
      path,
      trouble: `${path} ${error.code === "ENOENT" ? "does not exist" : `cannot be read (${error.code})`}`,
    };
  }
}

const ENCRYPTED = "is protected by a passphrase";

function tooOpen(path: string, mode: number, { name }: Endpoint): Error {
  const octal = (mode & 0o777).toString(8).padStart(4, "0");
  return authFailed(name, `the key ${path} may be read by others (mode ${octal})`, `chmod 600 ${path}`);
}

function nothingToOffer({ name, user }: Endpoint, passedOver: readonly string[]): Error {
  const locked = passedOver.some((trouble) => trouble.endsWith(ENCRYPTED));
  const hint = locked
    ? "maand asks for no passphrase: add the key to an ssh agent (eval $(ssh-agent); ssh-add <key>) and run again"
    : "put a private key there, or name another one with ssh_key in maand.conf, or start an ssh agent";
  return authFailed(name, `no key to log in to ${name} as "${user}": ${passedOver.join("; ")}`, hint);
}
