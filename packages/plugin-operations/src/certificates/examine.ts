import type { Finding } from "@maand/core";
import { type Bucket, shellLine } from "@maand/core/internal";
import { CERTS, fault, sound } from "@maand/core/operator";
import { groupBy } from "@maand/core/readonly";
import {
  type CertificateClock,
  type CertificateStatus,
  type CertificateView,
  certificateClock,
  certificates,
  readCertificate,
} from "./certificates.ts";

type Source = Pick<Bucket, "store" | "settings" | "now" | "paths">;

/**
 * Checks the certificates of all jobs: those in the store, which a build renews, and those on the workers, which a
 * deploy replaces. The check of the CA covers a certificate that expires with the CA, because no build can extend it.
 */
export function examineCertificates(bucket: Source): Finding[] {
  const clock = certificateClock(bucket.now(), bucket.settings);
  const all = certificates(bucket.store, clock);
  const end = all.find(({ scope }) => scope === "ca")?.notAfter?.getTime();
  const stored = all.filter(({ scope }) => scope === "job");
  const isFlaw = ({ status, notAfter }: CertificateView) =>
    status !== "ok" && !(status === "expiring" && notAfter?.getTime() === end);
  const [build, deploy] = [typed(bucket, "build"), typed(bucket, "deploy")];
  const faults = [
    ...faultsOf(stored.filter(isFlaw), "in the store", `${build} && ${deploy}`),
    ...faultsOf(
      delivered(
        bucket,
        stored.filter((view) => !isFlaw(view)),
        clock,
      ).filter(isFlaw),
      "on its worker",
      deploy,
    ),
  ];
  if (faults.length > 0 || stored.length === 0) return faults;
  return [sound("certificates", "data/maand.db", "all are valid and none expires soon")];
}

/** The certificates that were last promoted to the workers; certificates that were never promoted are omitted. */
function delivered({ store }: Source, stored: readonly CertificateView[], clock: CertificateClock): CertificateView[] {
  const promoted = store.promoted.recorded();
  const digests = new Map(
    store.catalog.allocations().map(({ id, job, host }) => [`${job}@${host}`, promoted.get(id)?.promoted?.digest]),
  );
  return stored.flatMap((view) => {
    const digest = digests.get(`${view.job}@${view.worker}`);
    const files = digest === undefined ? [] : store.promoted.files(digest);
    const file = files.find(({ path }) => path === `${CERTS}${view.cert}.crt`);
    const content = file && store.contents.find(file.hash);
    if (!content || content.sealed) return [];
    return [{ ...view, ...readCertificate(Buffer.from(content.bytes).toString(), "job", clock) }];
  });
}

/** Returns one finding for each certificate of a job and problem, regardless of the number of affected workers. */
function faultsOf(flaws: readonly CertificateView[], place: string, hint: string): Finding[] {
  const groups = groupBy(flaws, ({ job, cert, status }) => JSON.stringify([job, cert, status]));
  return [...groups.values()].flatMap((group) => {
    const [first] = [...group].sort((a, b) => (a.daysLeft ?? 0) - (b.daysLeft ?? 0));
    if (!first) return [];
    const more = group.length > 1 ? ` and on ${group.length - 1} more` : "";
    const message = `the certificate ${place} ${words(first.status, first.daysLeft ?? 0)} (${first.worker}${more})`;
    return [fault("certificates", `${first.cert} of ${first.job}`, message, hint)];
  });
}

function words(status: CertificateStatus, days: number): string {
  if (status === "expired") return "has expired";
  if (status === "not_yet_valid") return "is not valid yet";
  if (status === "invalid") return "cannot be read";
  return days < 1 ? "expires in less than a day" : `expires in ${days} ${days === 1 ? "day" : "days"}`;
}

function typed({ paths }: Source, command: string): string {
  return shellLine(["maand", "-C", paths.root, command]);
}
