import { MaandError } from "@maand/core";
import type { ServerHostKeyAlgorithm } from "ssh2";
import type { Endpoint } from "./endpoint.ts";
import { fingerprint, type HostKey, hostName, type KnownHost } from "./known-hosts.ts";

/** Order in which an unknown machine is asked for its keys. */
const ALGORITHMS: readonly ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
  "ssh-rsa",
];

/** Algorithms to ask for, those of pinned keys first, so that another key type is not taken for a changed key. */
export function algorithmsFor(pinned: readonly KnownHost[]): ServerHostKeyAlgorithm[] {
  const types = new Set(pinned.map(({ key }) => key.type));
  const known = ALGORITHMS.filter((algorithm) => types.has(keyTypeFor(algorithm)));
  return [...known, ...ALGORITHMS.filter((algorithm) => !known.includes(algorithm))];
}

/** HOST_KEY_CHANGED unless the key is among the pinned ones, or nothing is pinned yet (decision 31). */
export function refusal(
  endpoint: Endpoint,
  key: HostKey,
  pinned: readonly KnownHost[],
  path: string,
): MaandError | undefined {
  const [first] = pinned;
  if (!first || pinned.some((known) => known.key.blob.equals(key.blob))) return undefined;
  const name = hostName(endpoint.address, endpoint.port);
  const lines = pinned.map(({ line }) => line).join(", ");
  return new MaandError({
    code: "HOST_KEY_CHANGED",
    worker: endpoint.name,
    message:
      `the host key of ${endpoint.name} changed: pinned ${described(first.key)}, ` +
      `offered ${described(key)}; nothing was sent to it`,
    hint:
      `if the machine was built anew, pin its new key with maand worker trust --workers ${endpoint.name}, ` +
      `in place of line ${lines} (${name}) of ${path}; if not, somebody may be in between`,
  });
}

function described(key: HostKey): string {
  return `${key.type} ${fingerprint(key)}`;
}

function keyTypeFor(algorithm: ServerHostKeyAlgorithm): string {
  return algorithm.startsWith("rsa-") ? "ssh-rsa" : algorithm;
}
