import { X509Certificate } from "node:crypto";
import type { RecordedContext } from "@maand/core";
import { renewalStart } from "@maand/core/internal";

/** The state of a certificate, as in `maand cat certs`. */
type Status = "ok" | "not_yet_valid" | "expiring" | "expired" | "invalid";

/** A certificate on a worker, or the CA of the bucket. */
export interface PushedCertificate {
  readonly labels: {
    readonly scope: "ca" | "job";
    readonly job: string;
    readonly worker: string;
    readonly cert: string;
    readonly common_name: string;
    readonly status: Status;
  };
  /** Undefined if the certificate cannot be read. */
  readonly times: { readonly notAfter: number; readonly renewAfter: number } | undefined;
}

type Context = Pick<RecordedContext, "allocations" | "promotedFiles" | "readPromoted" | "settings" | "now">;

const CRT = /^certs\/([^/]+)\.crt$/;

/** All certificates on the workers: those of each allocation, and the CA once. */
export function certificatesOnWorkers(context: Context): PushedCertificate[] {
  const authorities = new Map<string, PushedCertificate>();
  const found = context.allocations
    .filter(({ removed }) => !removed)
    .flatMap((allocation) =>
      context.promotedFiles(allocation).flatMap((file) => {
        const cert = CRT.exec(file.path)?.[1];
        const bytes = cert === undefined ? undefined : context.readPromoted(file);
        if (cert === undefined || bytes === undefined) return [];
        const pem = Buffer.from(bytes).toString();
        if (cert !== "ca")
          return [certificate(pem, { scope: "job", job: allocation.job, worker: allocation.host, cert }, context)];
        authorities.set(file.hash, certificate(pem, { scope: "ca", job: "", worker: "", cert }, context));
        return [];
      }),
    );
  return [...authorities.values(), ...found];
}

type Place = Pick<PushedCertificate["labels"], "scope" | "job" | "worker" | "cert">;

/** The data of one certificate. The CA is due for renewal when new certificates would expire with it. */
function certificate(pem: string, place: Place, { settings, now }: Context): PushedCertificate {
  const { certs_ttl: ttl, certs_renewal_buffer: buffer } = settings.plugins;
  try {
    const { subject, validFrom, validTo } = new X509Certificate(pem);
    const times = { from: Date.parse(validFrom), to: Date.parse(validTo) };
    const due = renewalStart(times, place.scope === "ca" ? Number(ttl || 60) : Number(buffer ?? 0));
    const status = statusAt(now().getTime(), times, due);
    return {
      labels: { ...place, common_name: nameIn(subject), status },
      times: { notAfter: times.to, renewAfter: due },
    };
  } catch {
    return { labels: { ...place, common_name: "", status: "invalid" }, times: undefined };
  }
}

function statusAt(now: number, { from, to }: { readonly from: number; readonly to: number }, due: number): Status {
  if (now < from) return "not_yet_valid";
  if (now > to) return "expired";
  return now >= due ? "expiring" : "ok";
}

function nameIn(subject: string | undefined): string {
  const line = (subject ?? "").split("\n").find((part) => part.startsWith("CN="));
  return (line ?? "").slice("CN=".length).replace(/\\(.)/g, "$1");
}
