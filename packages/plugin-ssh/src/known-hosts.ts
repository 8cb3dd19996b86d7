import { createHash, createHmac } from "node:crypto";

/** A host key as it travels: its type and its bytes. */
export interface HostKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, ... */
  readonly type: string;
  readonly blob: Buffer;
}

/** One line of a `known_hosts` file that pins a key. */
export interface KnownHost {
  /** Names before the key: `10.0.0.1`, `[10.0.0.1]:2222`, several with commas, or one hashed name. */
  readonly names: string;
  readonly key: HostKey;
  /** Number of its line, from 1. */
  readonly line: number;
}

/** How a machine is called in `known_hosts`: its address alone for port 22, `[address]:port` otherwise. */
export function hostName(address: string, port: number): string {
  return port === 22 ? address.toLowerCase() : `[${address.toLowerCase()}]:${port}`;
}

/** All lines of a `known_hosts` text that pin a key. Comments, `@` markers and what cannot be read are passed over. */
export function parseKnownHosts(text: string): KnownHost[] {
  return text.split(/\r?\n/).flatMap((content, index) => {
    const [names, type, base64] = content.trim().split(/\s+/);
    if (!names || !type || !base64 || /^[#@]/.test(names)) return [];
    const blob = Buffer.from(base64, "base64");
    return keyTypeOf(blob) === type ? [{ names, key: { type, blob }, line: index + 1 }] : [];
  });
}

/** The keys pinned for a name, in the order of the file. */
export function pinnedKeys(known: readonly KnownHost[], name: string): KnownHost[] {
  return known.filter(({ names }) => matches(names, name));
}

/** `SHA256:...`, as ssh and ssh-keygen show a key. */
export function fingerprint(key: HostKey): string {
  return `SHA256:${createHash("sha256").update(key.blob).digest("base64").replace(/=+$/, "")}`;
}

/** The type a key's bytes say it is of, empty when they are no key. */
export function keyTypeOf(blob: Buffer): string {
  if (blob.length < 4) return "";
  const length = blob.readUInt32BE(0);
  return length > 64 || blob.length < 4 + length ? "" : blob.toString("ascii", 4, 4 + length);
}

/** A line that pins a key for a name. */
export function knownHostLine(name: string, key: HostKey): string {
  return `${name} ${key.type} ${key.blob.toString("base64")}`;
}

function matches(names: string, name: string): boolean {
  if (names.startsWith("|1|")) return matchesHashed(names, name);
  const patterns = names.split(",");
  if (patterns.some((pattern) => pattern.startsWith("!") && matchesPattern(pattern.slice(1), name))) return false;
  return patterns.some((pattern) => !pattern.startsWith("!") && matchesPattern(pattern, name));
}

function matchesHashed(names: string, name: string): boolean {
  const [, , salt = "", digest = ""] = names.split("|");
  return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === digest;
}

function matchesPattern(pattern: string, name: string): boolean {
  const source = pattern.toLowerCase().replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${source.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(name);
}
