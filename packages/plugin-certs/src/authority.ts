import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { error, type Problem } from "@maand/core";
import { type AuthorityFiles, CRT, KEY } from "./authority-files.ts";

/** A bucket's certificate authority. */
export interface Authority {
  /** Its certificate as PEM, without the other contents of the file. */
  readonly pem: string;
  readonly certificate: X509Certificate;
  readonly key: KeyObject;
}

/** The CA in the two files: missing, unusable or usable. */
export type FoundAuthority =
  | { readonly state: "missing" }
  | { readonly state: "refused"; readonly problem: Problem }
  | { readonly state: "ready"; readonly authority: Authority };

const RSA_BITS = 2048;
const CURVES = ["prime256v1", "secp384r1", "secp521r1"];
const BLOCK = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** Checks a CA, created by maand or provided by an operator: PKCS#1, PKCS#8 and SEC 1 keys, RSA and EC. */
export function readAuthority({ crt, key }: AuthorityFiles): FoundAuthority {
  if (crt === undefined && key === undefined) return { state: "missing" };
  if (crt === undefined)
    return refused(CRT, `the bucket CA is incomplete: ${KEY} exists, but this file does not`, RESTORE);
  if (key === undefined)
    return refused(KEY, `the bucket CA is incomplete: ${CRT} exists, but this file does not`, RESTORE);
  const pem = crt.match(BLOCK)?.join("\n");
  const certificate = pem === undefined ? undefined : parsed(() => new X509Certificate(pem));
  if (pem === undefined || !(certificate instanceof X509Certificate))
    return refused(CRT, "this is not a certificate", "it must be PEM: -----BEGIN CERTIFICATE-----");
  const secret = parsed(() => createPrivateKey(key));
  if (secret instanceof Error) return refused(KEY, ...unreadable(key));
  const flaw = flawOf(certificate, secret);
  return flaw ?? { state: "ready", authority: { pem: `${pem}\n`, certificate, key: secret } };
}

/** The problem with a CA's validity period; undefined while it is valid. */
export function outOfTime({ certificate }: Pick<Authority, "certificate">, now: Date): Problem | undefined {
  const { validFrom, validTo } = certificate;
  if (now.getTime() >= Date.parse(validTo))
    return error("invalid_ca", CRT, `the bucket CA has expired, on ${validTo}`, RENEW);
  if (now.getTime() < Date.parse(validFrom))
    return error("invalid_ca", CRT, `the bucket CA is not valid before ${validFrom}`, EARLY);
  return undefined;
}

/** How to replace the CA of a bucket. */
export const RENEW = `put another pair into ${CRT} and ${KEY}, or move both away and run maand init; then run maand deploy --build`;

const EARLY = `set this machine's clock; if it is right, the CA was created while the clock was ahead: ${RENEW}`;

const RESTORE = `restore it from a backup; to replace the CA, move both files away and run maand init: the next build replaces every certificate`;

function flawOf(certificate: X509Certificate, key: KeyObject): FoundAuthority | undefined {
  const { modulusLength = 0, namedCurve = "" } = key.asymmetricKeyDetails ?? {};
  const kind = key.asymmetricKeyType;
  if (kind !== "rsa" && kind !== "ec")
    return refused(KEY, `keys of type ${kind} are not supported`, "use an RSA or an EC key");
  if (kind === "rsa" && modulusLength < RSA_BITS)
    return refused(KEY, `an RSA key of ${modulusLength} bits is too short`, `use one of at least ${RSA_BITS} bits`);
  if (kind === "ec" && !CURVES.includes(namedCurve))
    return refused(KEY, `keys on the curve ${namedCurve} are not supported`, "use P-256, P-384 or P-521");
  if (!certificate.checkPrivateKey(key))
    return refused(KEY, `this is not the key of ${CRT}`, "use a key and a certificate that belong together");
  if (!certificate.ca)
    return refused(CRT, "this certificate may not sign others", "a CA needs basicConstraints CA:TRUE and keyCertSign");
  return undefined;
}

function refused(where: string, message: string, hint: string): FoundAuthority {
  return { state: "refused", problem: error("invalid_ca", where, message, hint) };
}

function unreadable(key: string): [string, string] {
  return /^-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(key)
    ? ["the key is protected by a passphrase", "remove it with openssl pkey -in locked.key -out secrets/ca.key"]
    : ["this is not a private key", "it must be PEM: PKCS#8, PKCS#1 or SEC 1"];
}

function parsed<T>(parse: () => T): T | Error {
  try {
    return parse();
  } catch (cause) {
    return cause instanceof Error ? cause : new Error(String(cause));
  }
}
