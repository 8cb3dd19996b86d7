import { createHash, createHmac } from "node:crypto";

/** A host key as transmitted: its type and its bytes. */
export interface HostKey {
  /** `ssh-ed25519`, `ecdsa-sha2-nistp256`, `ssh-rsa`, ... */
  readonly type: string;
  readonly blob: Buffer;
}

/** The role of the key in a line of `known_hosts`. */
export type KeyRole = "pinned" | "revoked" | "authority";

/** One line of a `known_hosts` file. */
export interface KnownHost {
  /** Names before the key: `10.0.0.1`, `[10.0.0.1]:2222`, several with commas, or one hashed name. */
  readonly names: string;
  readonly key: HostKey;
  /** `@revoked` and `@cert-authority` lines have their own roles. */
  readonly role: KeyRole;
  /** Number of its line, from 1. */
  readonly line: number;
}

/** The name of a machine in `known_hosts`: its address for port 22, otherwise `[address]:port`. */
export function hostName(address: string, port: number): string {
  return port === 22 ? address.toLowerCase() : `[${address.toLowerCase()}]:${port}`;
}

let parsed: { readonly text: string; readonly known: readonly KnownHost[] } = { text: "", known: [] };

/**
 * All lines of a `known_hosts` text that contain a key. Comments and invalid lines are skipped. The last text is
 * cached, because every connecting worker needs the same one.
 */
export function parseKnownHosts(text: string): readonly KnownHost[] {
  if (parsed.text !== text)
    parsed = { text, known: text.split(/\r?\n/).flatMap((content, index) => parseLine(content, index + 1) ?? []) };
  return parsed.known;
}

const ROLES: Readonly<Record<string, KeyRole>> = { "@revoked": "revoked", "@cert-authority": "authority" };

function parseLine(content: string, line: number): KnownHost | undefined {
  const words = content.trim().split(/\s+/);
  const role = ROLES[words[0] ?? ""] ?? "pinned";
  const [names, type, base64] = role === "pinned" ? words : words.slice(1);
  if (!names || !type || !base64 || /^[#@]/.test(names)) return undefined;
  const blob = Buffer.from(base64, "base64");
  return keyTypeOf(blob) === type ? { names, key: { type, blob }, role, line } : undefined;
}

/** Lines by the names that they list, and lines with patterns or hashes, which are compared with every name. */
interface NamedLines {
  readonly byName: ReadonlyMap<string, readonly KnownHost[]>;
  readonly others: readonly KnownHost[];
}

const named = new WeakMap<readonly KnownHost[], NamedLines>();

/** The lines for a name, in the order of the file. */
export function linesFor(known: readonly KnownHost[], name: string): KnownHost[] {
  const { byName, others } = named.get(known) ?? namedLines(known);
  const matching = others.filter(({ names }) => matches(names, name));
  return [...(byName.get(name) ?? []), ...matching].sort((a, b) => a.line - b.line);
}

function namedLines(known: readonly KnownHost[]): NamedLines {
  const byName = new Map<string, KnownHost[]>();
  const others: KnownHost[] = [];
  for (const one of known) {
    if (/[*?!|]/.test(one.names)) others.push(one);
    else for (const name of new Set(one.names.toLowerCase().split(","))) listOf(byName, name).push(one);
  }
  const lines = { byName, others };
  named.set(known, lines);
  return lines;
}

function listOf(byName: Map<string, KnownHost[]>, name: string): KnownHost[] {
  const list = byName.get(name) ?? [];
  byName.set(name, list);
  return list;
}

/** Removes one name from the names of a line, so that its key no longer applies to that name; empty if none is left. */
export function namesWithout(names: string, name: string): string {
  if (names.startsWith("|1|")) return "";
  const others = names.split(",").filter((pattern) => pattern.toLowerCase() !== name);
  if (!others.some((pattern) => !pattern.startsWith("!"))) return "";
  return matches(others.join(","), name) ? [...others, `!${name}`].join(",") : others.join(",");
}

/** `SHA256:...`, as ssh and ssh-keygen show a key. */
export function fingerprint(key: HostKey): string {
  return `SHA256:${createHash("sha256").update(key.blob).digest("base64").replace(/=+$/, "")}`;
}

/** The key type contained in the bytes; empty if they are not a key. */
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
