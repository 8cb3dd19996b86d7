import { stat } from "node:fs/promises";
import type { AnyAuthMethod } from "ssh2";
import type { Endpoint } from "../endpoint.ts";
import { authFailed } from "../errors.ts";
import { type KeyFile, NO_CERTIFICATES, printedKey, readPrivateKey } from "./private-key.ts";
import { agentKeyTypes } from "./ssh-agent.ts";

/** The keys that can be offered at a login, and those that cannot. */
export interface LoginKeys {
  readonly methods: readonly AnyAuthMethod[];
  /** The offered keys, for messages: key paths and the agent's keys. */
  readonly offered: readonly string[];
  /** Key files that cannot be used, each with its problem. */
  readonly unusable: readonly KeyFile[];
  /** Socket of the agent whose keys are offered. */
  readonly agent: string | undefined;
}

/**
 * Reads the keys of an endpoint, followed by those of the agent. A key that other users can read is refused, as in
 * OpenSSH.
 * @throws AUTH_FAILED if nothing can be offered, or a key's permissions are too open
 */
export async function loginKeysFor(endpoint: Endpoint, agent: string | undefined): Promise<LoginKeys> {
  const { default: ssh2 } = await import("ssh2"); // a CommonJS module: Node finds `utils` only on its default export
  const { user: username, name } = endpoint;
  const parse = ssh2.utils.parseKey;
  const printed = endpoint.keyCommand ? [printedKey(endpoint.keyCommand, parse)] : [];
  const files = [...(await Promise.all(endpoint.identities.map((path) => readPrivateKey(path, parse)))), ...printed];
  const exposed = files.find((file) => file.exposed);
  if (exposed) throw authFailed(name, `the key ${exposed.path} ${exposed.problem}`, exposed.hint ?? "");
  const methods: AnyAuthMethod[] = files.flatMap(({ key }) => (key ? [{ type: "publickey", username, key }] : []));
  if (agent) methods.push({ type: "agent", username, agent });
  const keys = {
    methods,
    agent,
    unusable: files.filter(({ key }) => !key),
    offered: [...files.filter(({ key }) => key).map(({ path }) => path), ...(agent ? ["the ssh agent's keys"] : [])],
  };
  if (methods.length === 0) throw nothingToOffer(endpoint, keys);
  return keys;
}

/** AUTH_FAILED for a refused login: the user, the offered keys, the unusable keys, and a hint. */
export async function loginRefused(endpoint: Endpoint, keys: LoginKeys): Promise<Error> {
  const { name, user } = endpoint;
  const others = await notOffered(endpoint, keys);
  const skipped = [...keys.unusable.map(problemOf), ...others];
  return authFailed(
    name,
    `${name} refused user "${user}" with ${keys.offered.join(", ")}${skipped.length > 0 ? ` (${skipped.join("; ")})` : ""}`,
    others.some((other) => other.includes("certificate"))
      ? NO_CERTIFICATES
      : (keys.unusable.find(({ hint }) => hint)?.hint ??
          `check that the public key is in ~${user}/.ssh/authorized_keys there; ssh_user and ssh_key are set in maand.conf, user and identity per worker in workers.json`),
  );
}

/** Certificates and hardware keys, which OpenSSH would have offered but ssh2 cannot. */
async function notOffered({ identities, certificates }: Endpoint, { agent }: LoginKeys): Promise<string[]> {
  const beside = [...certificates, ...identities.map((path) => `${path}-cert.pub`)];
  const present = await Promise.all(
    beside.map((path) =>
      stat(path).then(
        () => [path],
        () => [],
      ),
    ),
  );
  const types = agent ? await agentKeyTypes(agent) : [];
  const held = (pattern: RegExp, what: string) => (types.some((type) => pattern.test(type)) ? [what] : []);
  return [
    ...present.flat().map((path) => `the certificate ${path} was not offered`),
    ...held(/-cert-v0\d@/, "a certificate in the ssh agent was not offered"),
    ...held(/^sk-(?!.*-cert-)/, "a hardware key in the ssh agent was not offered"),
  ];
}

function problemOf({ path, problem }: KeyFile): string {
  return `${path} ${problem}`;
}

function nothingToOffer({ name, user }: Endpoint, { unusable }: LoginKeys): Error {
  const hint =
    unusable.find((file) => file.hint)?.hint ??
    "put a private key there, set another one with ssh_key in maand.conf, or start an ssh agent";
  return authFailed(name, `no key to log in to ${name} as "${user}": ${unusable.map(problemOf).join("; ")}`, hint);
}
