import { CERTS, NAMESPACE, type Store } from "@maand/core/readonly";
import { readCertificate } from "./certificates.ts";

/** A certificate that has expired, or expires soon. */
export interface EndingCertificate {
  /** Null for the certificate authority. */
  readonly job: string | null;
  readonly worker: string | null;
  readonly cert: string;
  /** Whole days until it expires; negative after that. Null if it cannot be read. */
  readonly daysLeft: number | null;
}

/**
 * The maximum number of certificates to check. The oldest certificates are checked first, because they expire first.
 */
const MAX_CERTIFICATES = 2_000;
/**
 * The defaults of the settings, because `maand status` does not load the configuration. With these, a certificate is
 * due for renewal in the last quarter of its lifetime, and the CA two months before its expiry.
 */
const DEFAULTS = { ttlDays: 60, bufferDays: 0 };

/**
 * The stored certificates that have expired, that cannot be read, or that are in the last quarter of their lifetime, in
 * which a build renews them by default.
 */
export function endingCertificates(store: Store, now: Date): EndingCertificate[] {
  return store.kv
    .named(CERTS, ".crt", MAX_CERTIFICATES)
    .flatMap(({ namespace, key, value }): EndingCertificate[] => {
      const place = placeOf(namespace);
      if (!place) return [];
      const { status, daysLeft } = readCertificate(value, place.job === null ? "ca" : "job", { now, ...DEFAULTS });
      if (status === "ok" || status === "not_yet_valid") return [];
      return [{ ...place, cert: key.slice(CERTS.length, -".crt".length), daysLeft }];
    })
    .sort((a, b) => (a.daysLeft ?? 0) - (b.daysLeft ?? 0));
}

/** The job and worker of a namespace; undefined for a namespace without certificates. */
function placeOf(namespace: string): Pick<EndingCertificate, "job" | "worker"> | undefined {
  if (namespace === NAMESPACE.workers) return { job: null, worker: null };
  const prefix = NAMESPACE.job("");
  const [job = "", , worker] = namespace.startsWith(prefix) ? namespace.slice(prefix.length).split("/") : [];
  return worker === undefined ? undefined : { job, worker };
}
