import { timingSafeEqual } from "node:crypto";
import { lstatSync, readFileSync } from "node:fs";
import { MaandError } from "@maand/core/readonly";
import { VERBS, type Verb } from "../contract.ts";
import type { Person } from "./access.ts";
import { hashOf, randomText } from "./sessions.ts";

/** A token in the file that `--tokens` names: its holder and its permissions. The token itself is not in the file. */
export interface StoredToken {
  readonly name: string;
  /** SHA-256 of the token, in hexadecimal. */
  readonly sha256: string;
  /** Empty for read-only access. */
  readonly allow: readonly Verb[];
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;
const HASH = /^[0-9a-f]{64}$/;
/** The prefix by which secret scanners and people recognise a token. */
const PREFIX = "maand_";

/** Creates a token and its entry for the file. Throws USAGE for an invalid name. */
export function newToken(
  name: string,
  allow: readonly Verb[],
): { readonly token: string; readonly stored: StoredToken } {
  if (!NAME.test(name))
    throw new MaandError({
      code: "USAGE",
      message: `"${name}" is not a name for a token`,
      hint: "use letters, digits, dots, @, - and _, at most 64",
    });
  const token = `${PREFIX}${randomText()}`;
  return { token, stored: { name, sha256: hashOf(token), allow } };
}

/** The text of a file with these tokens. */
export function tokensText(tokens: readonly StoredToken[]): string {
  return `${JSON.stringify({ tokens }, undefined, 2)}\n`;
}

/**
 * Reads a file of tokens; empty if there is none. Throws CONFIG_INVALID for a file that other users can change, or that
 * is not a file of tokens.
 */
export function readTokens(file: string): StoredToken[] {
  const status = lstatSync(file, { throwIfNoEntry: false });
  if (!status) return [];
  if (!status.isFile()) throw invalid(file, "it is not a regular file", "name a file that maand ui token wrote");
  if (status.uid !== process.getuid?.())
    throw invalid(file, "it belongs to another user", "create a file that belongs to you");
  if ((status.mode & 0o077) !== 0) throw invalid(file, "other users can read or change it", `run: chmod 600 ${file}`);
  return tokensIn(readFileSync(file, "utf8"), file);
}

/**
 * The holder of a token; undefined for an unknown token. Compares it with every stored hash in constant time, so that
 * response times do not reveal near matches.
 */
export function holderOf(token: string, tokens: readonly StoredToken[]): Person | undefined {
  const given = Buffer.from(hashOf(token), "hex");
  let found: Person | undefined;
  for (const { name, sha256, allow } of tokens)
    if (timingSafeEqual(given, Buffer.from(sha256, "hex"))) found = { name, allow, byToken: true };
  return found;
}

function tokensIn(text: string, file: string): StoredToken[] {
  const hint = "write it with maand ui token NAME --tokens FILE";
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid(file, "it is not JSON", hint);
  }
  const list = isObject(value) && Array.isArray(value.tokens) ? value.tokens : undefined;
  if (!list) throw invalid(file, 'it has no list "tokens"', hint);
  return list.map((entry: unknown, at) => {
    if (!isObject(entry)) throw invalid(file, `token ${at + 1} is not an object`, hint);
    const { name, sha256, allow } = entry;
    if (typeof name !== "string" || !NAME.test(name)) throw invalid(file, `token ${at + 1} has no valid name`, hint);
    if (typeof sha256 !== "string" || !HASH.test(sha256)) throw invalid(file, `${name} has no valid "sha256"`, hint);
    if (!Array.isArray(allow)) throw invalid(file, `${name} has no list "allow"`, hint);
    return {
      name,
      sha256,
      allow: allow.map((verb: unknown) => verbNamed(verb, (message) => invalid(file, message, hint))),
    };
  });
}

/** The verb of this name; throws the error of `refuse` for any other value. */
export function verbNamed(value: unknown, refuse: (message: string) => Error): Verb {
  const verb = VERBS.find((name) => name === value);
  if (verb === undefined) throw refuse(`${JSON.stringify(value)} cannot be allowed; there is: ${VERBS.join(", ")}`);
  return verb;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(file: string, message: string, hint: string): MaandError {
  return new MaandError({ code: "CONFIG_INVALID", message: `${file} cannot be used: ${message}`, hint, refused: true });
}
