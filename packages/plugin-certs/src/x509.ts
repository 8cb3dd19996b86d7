import { type KeyObject, webcrypto } from "node:crypto";
import type { Extension } from "@peculiar/x509";
import type { Authority } from "./authority.ts";
import type { KeyPair } from "./key-pair.ts";
import { type HoldsFor, subjectAltNames } from "./names.ts";

/** The start and end of a certificate's validity. */
export interface Validity {
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** The contents of a certificate for a job. */
export interface Leaf extends Validity {
  readonly commonName: string;
  readonly holdsFor: HoldsFor;
  readonly publicKey: KeyObject;
}

/** Signs certificates with one CA; returns PEM. */
export type SignLeaf = (leaf: Leaf) => Promise<string>;

/** The self-signed certificate of a new CA. */
export async function signAuthority(name: string, keys: KeyPair, validity: Validity): Promise<string> {
  const x509 = await library();
  const { digitalSignature, keyEncipherment, keyCertSign } = x509.KeyUsageFlags;
  const publicKey = spki(keys.publicKey);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: [{ CN: [name] }],
    issuer: [{ CN: [name] }],
    ...validity,
    publicKey,
    signingKey: await signingKey(keys.privateKey),
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(digitalSignature | keyEncipherment | keyCertSign, true),
      await x509.SubjectKeyIdentifierExtension.create(publicKey),
    ],
  });
  return pemOf(certificate);
}

/** Prepares a CA for signing. */
export async function leafSigner({ pem, certificate, key }: Authority): Promise<SignLeaf> {
  const x509 = await library();
  const issuer = new x509.X509Certificate(pem);
  const signer = await signingKey(key);
  const theirs = issuer.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  const authorityKey =
    theirs === undefined
      ? await x509.AuthorityKeyIdentifierExtension.create(spki(certificate.publicKey))
      : new x509.AuthorityKeyIdentifierExtension(theirs);
  return async ({ commonName, holdsFor, publicKey, notBefore, notAfter }) => {
    const signed = await x509.X509CertificateGenerator.create({
      subject: [{ CN: [commonName] }],
      issuer: issuer.subjectName,
      notBefore,
      notAfter,
      publicKey: spki(publicKey),
      signingKey: signer,
      extensions: [...(await leafExtensions(x509, publicKey, holdsFor)), authorityKey],
    });
    return pemOf(signed);
  };
}

type X509 = Awaited<ReturnType<typeof library>>;

/** Only RSA keys support key encipherment; elliptic curve keys do not. */
async function leafExtensions(x509: X509, key: KeyObject, holdsFor: HoldsFor): Promise<Extension[]> {
  const { digitalSignature, keyEncipherment } = x509.KeyUsageFlags;
  const usage = key.asymmetricKeyType === "ec" ? digitalSignature : digitalSignature | keyEncipherment;
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(usage, true),
    new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth]),
    new x509.SubjectAlternativeNameExtension(subjectAltNames(holdsFor)),
    await x509.SubjectKeyIdentifierExtension.create(spki(key)),
  ];
}

/**
 * Loads the library when the first certificate is issued, because most builds issue no certificate. The polyfill must
 * be loaded first.
 */
async function library(): Promise<typeof import("@peculiar/x509")> {
  await import("reflect-metadata");
  return import("@peculiar/x509");
}

const CURVES: Readonly<Record<string, string>> = { prime256v1: "P-256", secp384r1: "P-384", secp521r1: "P-521" };

function signingKey(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const namedCurve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ""];
  const algorithm =
    namedCurve === undefined
      ? { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }
      : { name: "ECDSA", namedCurve, hash: "SHA-256" };
  return webcrypto.subtle.importKey("pkcs8", key.export({ type: "pkcs8", format: "der" }), algorithm, false, ["sign"]);
}

function spki(key: KeyObject): Uint8Array {
  return key.export({ type: "spki", format: "der" });
}

function pemOf(certificate: { toString(format: "pem"): string }): string {
  return `${certificate.toString("pem").trim()}\n`;
}
