import { X509Certificate } from "node:crypto";
import { CERTS, NAMESPACE } from "../../domain/kv/kv-names.ts";
import type { Store } from "../../store/store.ts";

/** How a certificate is doing (build.md 12.4). */
export type CertificateStatus = "ok" | "expiring" | "expired" | "invalid";

/** One row of `cat certs`. */
export interface CertificateView {
  readonly scope: "ca" | "job";
  /** Null for the CA. */
  readonly job: string | null;
  readonly worker: string | null;
  readonly cert: string;
  /** Null where the certificate has none, or cannot be read. */
  readonly commonName: string | null;
  readonly notAfter: Date | null;
  /** Whole days until its end; below zero after it. */
  readonly daysLeft: number | null;
  readonly status: CertificateStatus;
}

/** What the certificates are held against. */
export interface CertificateClock {
  readonly now: Date;
  /** Days before its end at which a certificate counts as expiring (`certs_renewal_buffer`). */
  readonly bufferDays: number;
}

const DAY = 86_400_000;
const CRT = ".crt";

/** Every stored certificate, the CA's first, then by job, worker and name. None of this is encrypted. */
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
        ...readCertificate(value, clock),
      })),
  );
}

type Read = Pick<CertificateView, "commonName" | "notAfter" | "daysLeft" | "status">;

function readCertificate(pem: string, { now, bufferDays }: CertificateClock): Read {
  try {
    const { subject, validTo } = new X509Certificate(pem);
    const left = Date.parse(validTo) - now.getTime();
    const near = bufferDays > 0 && left <= bufferDays * DAY;
    const status = left < 0 ? "expired" : left === 0 || near ? "expiring" : "ok";
    // Adding 0 turns the -0 of the first day after its end into a plain 0.
    return { commonName: nameIn(subject), notAfter: new Date(validTo), daysLeft: Math.trunc(left / DAY) + 0, status };
  } catch {
    return { commonName: null, notAfter: null, daysLeft: null, status: "invalid" };
  }
}

/** The common name in a subject as OpenSSL prints it: a part a line, special characters after a backslash. */
function nameIn(subject: string | undefined): string | null {
  const line = (subject ?? "").split("\n").find((part) => part.startsWith("CN="));
  return line === undefined ? null : line.slice("CN=".length).replace(/\\(.)/g, "$1");
}
