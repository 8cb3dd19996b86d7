import { X509Certificate } from "node:crypto";
import type { Settings } from "@maand/core";
import { CERTS, type CertificateTimes, NAMESPACE, renewalStart, type Store } from "@maand/core/readonly";

/** The state of a certificate; `invalid` if it cannot be read. */
export type CertificateStatus = "ok" | "not_yet_valid" | "expiring" | "expired" | "invalid";

/** One row of `cat certs`. */
export interface CertificateView {
  readonly scope: "ca" | "job";
  /** Null for the CA. */
  readonly job: string | null;
  readonly worker: string | null;
  readonly cert: string;
  /** Null if the certificate has none or cannot be read. */
  readonly commonName: string | null;
  readonly notAfter: Date | null;
  /** Whole days until the certificate expires; negative after that. */
  readonly daysLeft: number | null;
  readonly status: CertificateStatus;
}

/** The time, and the settings that decide when a certificate counts as expiring. */
export interface CertificateClock {
  readonly now: Date;
  /** `certs_ttl` and `certs_renewal_buffer`. */
  readonly ttlDays: number;
  readonly bufferDays: number;
}

/** The clock of the bucket. */
export function certificateClock(now: Date, { plugins }: Pick<Settings, "plugins">): CertificateClock {
  return { now, ttlDays: Number(plugins.certs_ttl || 60), bufferDays: Number(plugins.certs_renewal_buffer ?? 0) };
}

const DAY = 86_400_000;
const CRT = ".crt";

/** Lists every stored certificate: the CA first, then by job, worker and name. None of this data is encrypted. */
export function certificates(store: Store, clock: CertificateClock): CertificateView[] {
  const prefix = NAMESPACE.job("");
  const places = store.kv.namespaces(prefix).flatMap((namespace) => {
    const [job = "", , worker] = namespace.slice(prefix.length).split("/");
    return worker === undefined ? [] : [{ scope: "job" as const, job, worker, namespace }];
  });
  const authority = { scope: "ca" as const, job: null, worker: null, namespace: NAMESPACE.workers };
  return [authority, ...places].flatMap(({ namespace, ...place }) =>
    store.kv
      .namespace(namespace)
      .filter(({ key, deleted }) => !deleted && key.startsWith(CERTS) && key.endsWith(CRT))
      .map(({ key, value }) => ({
        ...place,
        cert: key.slice(CERTS.length, -CRT.length),
        ...readCertificate(value, place.scope, clock),
      })),
  );
}

type Read = Pick<CertificateView, "commonName" | "notAfter" | "daysLeft" | "status">;

/**
 * Reads a certificate. The certificate of a job counts as expiring when a build would renew it. The CA counts as
 * expiring from `certs_ttl` days before its expiry, because certificates issued from then on would expire with it.
 */
export function readCertificate(
  pem: string,
  scope: CertificateView["scope"],
  { now, ttlDays, bufferDays }: CertificateClock,
): Read {
  try {
    const { subject, validFrom, validTo } = new X509Certificate(pem);
    const times = { from: Date.parse(validFrom), to: Date.parse(validTo) };
    const left = times.to - now.getTime();
    const soon = renewalStart(times, scope === "ca" ? ttlDays : bufferDays);
    const status = statusAt(now.getTime(), times, soon);
    // adding 0 turns -0, on the first day after the expiry, into 0
    return { commonName: nameIn(subject), notAfter: new Date(validTo), daysLeft: Math.trunc(left / DAY) + 0, status };
  } catch {
    return { commonName: null, notAfter: null, daysLeft: null, status: "invalid" };
  }
}

function statusAt(now: number, { from, to }: CertificateTimes, soon: number): CertificateStatus {
  if (now < from) return "not_yet_valid";
  if (now > to) return "expired";
  return now >= soon ? "expiring" : "ok";
}

/**
 * The common name in a subject as OpenSSL prints it: one part per line, with special characters escaped by a backslash.
 */
function nameIn(subject: string | undefined): string | null {
  const line = (subject ?? "").split("\n").find((part) => part.startsWith("CN="));
  return line === undefined ? null : line.slice("CN=".length).replace(/\\(.)/g, "$1");
}
