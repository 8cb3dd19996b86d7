import type { MaandError } from "@maand/core";
import type { ServerHostKeyAlgorithm } from "ssh2";
import type { Endpoint } from "../endpoint.ts";
import { hostKeyError } from "../errors.ts";
import { fingerprint, type HostKey, hostName, type KeyRole, type KnownHost } from "./known-hosts.ts";

/** The order in which key types are requested from an unknown machine. */
const ALGORITHMS: readonly ServerHostKeyAlgorithm[] = [
  "ssh-ed25519",
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-512",
  "rsa-sha2-256",
  "ssh-rsa",
];

/**
 * Algorithms to request, starting with those of pinned keys, so that another key type is not mistaken for a changed
 * key.
 */
export function algorithmsFor(lines: readonly KnownHost[]): ServerHostKeyAlgorithm[] {
  const types = new Set(withRole(lines, "pinned").map(({ key }) => key.type));
  const known = ALGORITHMS.filter((algorithm) => types.has(keyTypeFor(algorithm)));
  return [...known, ...ALGORITHMS.filter((algorithm) => !known.includes(algorithm))];
}

/** Whether a key is among those pinned. */
export function isPinned(lines: readonly KnownHost[], key: HostKey): boolean {
  return withRole(lines, "pinned").some((known) => known.key.blob.equals(key.blob));
}

/** The lines with a role. */
export function withRole(lines: readonly KnownHost[], role: KeyRole): KnownHost[] {
  return lines.filter((known) => known.role === role);
}

/** The host key of a machine, and the entries of `known_hosts` for it. */
export interface ShownKey {
  readonly endpoint: Endpoint;
  readonly key: HostKey;
  readonly lines: readonly KnownHost[];
  /** Path of `known_hosts`. */
  readonly path: string;
}

/**
 * The error for a key that must not be trusted: revoked, not one of the pinned keys, or the first key of a machine with
 * a certificate authority, because ssh2 does not support host certificates. Undefined for a key that may be used.
 */
export function refusal(shown: ShownKey): MaandError | undefined {
  const { lines, key } = shown;
  const revoked = withRole(lines, "revoked").find((known) => known.key.blob.equals(key.blob));
  if (revoked) return revokedKey(shown, revoked);
  if (isPinned(lines, key)) return undefined;
  const pinned = withRole(lines, "pinned");
  if (pinned.length > 0) return changedKey(shown, pinned);
  const [authority] = withRole(lines, "authority");
  return authority && unverifiedKey(shown, authority);
}

function changedKey({ endpoint, key, path }: ShownKey, pinned: readonly KnownHost[]): MaandError {
  const name = hostName(endpoint.address, endpoint.port);
  const before = pinned.map((known) => described(known.key)).join(" and ");
  const numbers = pinned.map(({ line }) => line).join(", ");
  return hostKeyError(
    "HOST_KEY_CHANGED",
    endpoint.name,
    `the host key of ${endpoint.name} changed: pinned ${before}, presented ${described(key)}; nothing was sent to it`,
    `if the machine was reinstalled, pin its new key with ${trustCommand(endpoint)}, ` +
      `which replaces line ${numbers} (${name}) of ${path}; if not, the connection may be intercepted`,
  );
}

function revokedKey({ endpoint, key, path }: ShownKey, { line }: KnownHost): MaandError {
  return hostKeyError(
    "HOST_KEY_CHANGED",
    endpoint.name,
    `the host key of ${endpoint.name} is revoked in line ${line} of ${path}: ${described(key)}; nothing was sent to it`,
    "give the machine a new host key; if the line is wrong, remove it",
  );
}

function unverifiedKey({ endpoint, key, path }: ShownKey, { line }: KnownHost): MaandError {
  return hostKeyError(
    "HOST_KEY_CHANGED",
    endpoint.name,
    `the host key of ${endpoint.name} cannot be verified: line ${line} of ${path} names a certificate authority, ` +
      `but maand does not support host certificates; nothing was sent to it`,
    `compare ${described(key)} with the machine's own, and pin it with ${trustCommand(endpoint)}`,
  );
}

function trustCommand({ name }: Endpoint): string {
  return `maand worker trust --workers ${name}`;
}

function described(key: HostKey): string {
  return `${key.type} ${fingerprint(key)}`;
}

function keyTypeFor(algorithm: ServerHostKeyAlgorithm): string {
  return algorithm.startsWith("rsa-") ? "ssh-rsa" : algorithm;
}
