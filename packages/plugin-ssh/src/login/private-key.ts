import { createPrivateKey } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { runKeyCommand } from "@maand/core/internal";
import type { ParsedKey, utils } from "ssh2";
import { systemCode } from "../errors.ts";

/** A file that should contain a private key: the key, or its problem, as the predicate of a sentence. */
export interface KeyFile {
  readonly path: string;
  readonly key?: ParsedKey;
  readonly problem?: string;
  /** How to solve the problem, if known. */
  readonly hint?: string;
  /** Whether other users can read the key, so that it is not used. */
  readonly exposed?: boolean;
}

/** Reads a private key. A key that other users can read is not used, as in OpenSSH. */
export async function readPrivateKey(path: string, parse: typeof utils.parseKey): Promise<KeyFile> {
  try {
    const info = await stat(path);
    const { mode, uid } = info;
    if (info.isDirectory()) return { path, problem: "is a directory" };
    if (!info.isFile()) return { path, problem: "is not a file" };
    const text = await readFile(path);
    const file = { path, ...parsed(path, text, parse) };
    if (file.key && uid === process.getuid?.() && (mode & 0o077) !== 0) return exposedKey(path, mode);
    return file;
  } catch (error) {
    const code = systemCode(error);
    if (code === "" || code === "EMFILE" || code === "ENFILE") throw error;
    return { path, problem: code === "ENOENT" || code === "ENOTDIR" ? "does not exist" : `cannot be read (${code})` };
  }
}

const printedKeys = new Map<string, Buffer>();

/**
 * The private key that a command prints. The command runs once per process, and its key is kept only in memory. Throws
 * SECRET_NOT_READ.
 */
export function printedKey({ argv, root }: PrintedKey, parse: typeof utils.parseKey): KeyFile {
  const id = JSON.stringify([root, argv]);
  const text = printedKeys.get(id) ?? runKeyCommand({ argv, setting: SETTING, root });
  printedKeys.set(id, text);
  const { key, problem } = parsed(SETTING, text, parse);
  return { path: SETTING, ...(key ? { key } : { problem: `${problem ?? "is not a private key"}` }) };
}

const SETTING = "ssh_key_command";

/** A command, and the directory in which it runs. */
export interface PrintedKey {
  readonly argv: readonly string[];
  readonly root: string;
}

function exposedKey(path: string, mode: number): KeyFile {
  const octal = (mode & 0o777).toString(8).padStart(4, "0");
  return { path, problem: `may be read by others (mode ${octal})`, hint: `chmod 600 ${path}`, exposed: true };
}

function parsed(path: string, text: Buffer, parse: typeof utils.parseKey): Omit<KeyFile, "path"> {
  const key = parse(text);
  if (key instanceof Error) return otherForm(path, text, key.message, parse);
  if (key.isPrivateKey()) return { key };
  if (/-cert-v0\d@openssh\.com/.test(text.toString("latin1")))
    return { problem: "is a certificate, not a private key", hint: NO_CERTIFICATES };
  return { problem: "is a public key, not a private key", hint: `name the private key: ${privateNameOf(path)}` };
}

/** The hint if certificates are in use. */
export const NO_CERTIFICATES =
  "maand logs in with plain keys only: add the public key to authorized_keys on the worker, or reach it with the ssh program as plugins-examples/transport-openssh does";

function privateNameOf(path: string): string {
  return path.endsWith(".pub") ? path.slice(0, -".pub".length) : "the file without .pub that ssh-keygen wrote";
}

/** Handles a format that ssh2 does not read. Keys from openssl (PKCS#8) are converted, if Node can do it. */
function otherForm(path: string, text: Buffer, message: string, parse: typeof utils.parseKey): Omit<KeyFile, "path"> {
  const start = text.toString("latin1", 0, 200).trimStart();
  if (/encrypted/i.test(message) || start.includes("BEGIN ENCRYPTED PRIVATE KEY"))
    return { problem: "is protected by a passphrase", hint: USE_AGENT };
  const hardware = /Unsupported OpenSSH private key type: (sk-\S+)/.exec(message);
  if (hardware) return { problem: `is a hardware key (${hardware[1]}), which maand cannot use` };
  if (start === "") return { problem: "is empty" };
  if (!start.includes("BEGIN PRIVATE KEY")) return { problem: "is not a private key" };
  const key = fromPkcs8(text, parse);
  if (key) return { key };
  return {
    problem: "is in a format (PKCS#8) that maand cannot read",
    hint: `create one with ssh-keygen -t ed25519 -f ${path}`,
  };
}

const USE_AGENT =
  "maand cannot ask for a passphrase: add the key to an ssh agent (eval $(ssh-agent); ssh-add <key>) and run the command again";

function fromPkcs8(text: Buffer, parse: typeof utils.parseKey): ParsedKey | undefined {
  try {
    const key = createPrivateKey(text);
    const type = key.asymmetricKeyType === "rsa" ? "pkcs1" : "sec1";
    const found = parse(key.export({ type, format: "pem" }));
    return found instanceof Error ? undefined : found;
  } catch {
    return undefined;
  }
}
