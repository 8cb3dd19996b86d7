import { createPrivateKey, X509Certificate } from "node:crypto";
import { type CertificateTimes, renewalStart } from "@maand/core/toolbox";
import type { Authority } from "./authority.ts";
import type { CertsSettings } from "./conf.ts";
import { isPkcs8 } from "./key-pair.ts";
import { type HoldsFor, holdsFor, readSubjectAltNames } from "./names.ts";
import type { CertEntry } from "./settings.ts";
import type { Validity } from "./x509.ts";

/** A certificate and its key, as PEM. */
export interface Pair {
  readonly crt: string;
  readonly key: string;
}

/** The requirements for a certificate. */
export interface Wanted {
  readonly entry: CertEntry;
  /** Workers that it must be valid for. */
  readonly hosts: readonly string[];
  readonly authority: Authority;
  readonly settings: Pick<CertsSettings, "certs_ttl" | "certs_renewal_buffer">;
  readonly now: Date;
}

/** The reason for a certificate that does not exist yet. */
export const NEW = "new";

const DAY = 86_400_000;

/** The time between the start of a certificate's validity and its creation, for workers whose clocks are behind. */
export const BACKDATED_MS = 3_600_000;

/**
 * Why a certificate must be issued; undefined if the stored certificate remains valid. All inputs are read from the
 * certificate itself, so each certificate is decided separately, and a new worker changes no other certificate.
 */
export function reasonToMake(pair: Pair | undefined, wanted: Wanted): string | undefined {
  if (!pair) return NEW;
  const certificate = readPair(pair);
  if (!certificate) return "the stored one was damaged";
  const { authority, entry } = wanted;
  if (!certificate.checkIssued(authority.certificate) || !certificate.verify(authority.certificate.publicKey))
    return "the CA changed";
  if (certificate.subject !== `CN=${entry.commonName}` || isPkcs8(pair.key) !== entry.pkcs8)
    return "its entry in the manifest changed";
  return invalidReason(certificate, wanted) ?? due(certificate, wanted);
}

/**
 * The validity of a certificate issued now. It starts an hour ago, so that a worker whose clock is behind accepts it,
 * but not before the CA's own start. It never outlives the CA. Certificates have a precision of seconds.
 */
export function validityOf({ authority, settings, now }: Omit<Wanted, "entry" | "hosts">): Validity {
  const { from, to } = timesOf(authority.certificate);
  const made = Math.floor(now.getTime() / 1000) * 1000;
  return {
    notBefore: new Date(Math.max(made - BACKDATED_MS, from)),
    notAfter: new Date(Math.min(made + settings.certs_ttl * DAY, to)),
  };
}

/** The start and end of a certificate's validity. */
function timesOf({ validFrom, validTo }: X509Certificate): CertificateTimes {
  return { from: Date.parse(validFrom), to: Date.parse(validTo) };
}

/** The certificate of a pair, if its key matches. */
function readPair({ crt, key }: Pair): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(crt);
    return certificate.checkPrivateKey(createPrivateKey(key)) ? certificate : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A certificate for all workers may include removed workers. A certificate for a single worker may not: it was issued
 * when the entry was shared.
 */
function invalidReason({ subjectAltName }: X509Certificate, { entry, hosts }: Wanted): string | undefined {
  const has = readSubjectAltNames(subjectAltName);
  const needs = holdsFor(entry.altNames, hosts);
  if (!has || !equal(has.entry, needs.entry)) return "its entry in the manifest changed";
  if (!includes(has, needs)) return "a worker's address is missing";
  return entry.one || equal(has.hosts, needs.hosts) ? undefined : "its entry in the manifest changed";
}

function includes(has: HoldsFor, needs: HoldsFor): boolean {
  return needs.hosts.every((host) => has.hosts.includes(host));
}

function equal(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, at) => name === b[at]);
}

/**
 * Why a certificate is not yet valid or due for renewal. If the CA expires with this certificate, a new certificate
 * would not be valid for longer, and every build would issue one.
 */
function due(certificate: X509Certificate, wanted: Wanted): string | undefined {
  const times = timesOf(certificate);
  const now = wanted.now.getTime();
  if (now < times.from)
    return `it is not valid before ${certificate.validFrom}: the clock was ahead when it was issued`;
  const longer = validityOf(wanted).notAfter.getTime() > times.to;
  const begin = renewalStart(times, wanted.settings.certs_renewal_buffer);
  return longer && now >= begin ? "it expires soon" : undefined;
}
