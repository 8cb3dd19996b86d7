import { readFile, rm } from "node:fs/promises";
import { must } from "./command.ts";

/** A throw-away key pair on disk. */
export interface KeyPair {
  /** Path of the private key, 0600. */
  readonly path: string;
  /** Type and base64 of the public key, as in `known_hosts` and `authorized_keys`. */
  readonly publicKey: string;
}

/** Creates an ed25519 key pair at a path. Replaces existing files. */
export async function makeKey(path: string, passphrase = ""): Promise<KeyPair> {
  await rm(path, { force: true });
  await must(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "fleet", "-f", path]);
  const line = await readFile(`${path}.pub`, "utf8");
  return { path, publicKey: line.trim().split(" ").slice(0, 2).join(" ") };
}
