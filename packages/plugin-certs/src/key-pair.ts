import { generateKeyPair, type KeyObject } from "node:crypto";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import { MaandError } from "@maand/core";
import pLimit from "p-limit";

/** The kinds of keys that `certs_key` may name. */
export type KeyKind = "rsa-2048" | "rsa-4096" | "ecdsa-p256";

/** A private key and its public key. */
export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** Creates a key pair. Throws INTERRUPTED once the signal has aborted. */
export type MakeKeyPair = (kind: KeyKind, signal: AbortSignal) => Promise<KeyPair>;

const generate = promisify(generateKeyPair);

/** Creates key pairs on all cores, at most four at a time, because Node uses four threads for it. */
export function keyPairMaker(): MakeKeyPair {
  const side = pLimit(Math.min(availableParallelism(), 4));
  return (kind, signal) =>
    side(() => {
      if (!signal.aborted) return makeKeyPair(kind);
      throw new MaandError({ code: "INTERRUPTED", message: "interrupted during the creation of keys; none is kept" });
    });
}

function makeKeyPair(kind: KeyKind): Promise<KeyPair> {
  switch (kind) {
    case "rsa-2048":
      return generate("rsa", { modulusLength: 2048 });
    case "rsa-4096":
      return generate("rsa", { modulusLength: 4096 });
    case "ecdsa-p256":
      return generate("ec", { namedCurve: "P-256" });
  }
}

/** A private key in a file format: PKCS#8, or the older format of its kind (PKCS#1, SEC 1). */
export function keyPem(key: KeyObject, pkcs8: boolean): string {
  const older = key.asymmetricKeyType === "ec" ? "sec1" : "pkcs1";
  return key.export({ type: pkcs8 ? "pkcs8" : older, format: "pem" }).toString();
}

/** Whether a private key was written as PKCS#8. */
export function isPkcs8(pem: string): boolean {
  return pem.includes("-----BEGIN PRIVATE KEY-----");
}
