import type { PushedCertificate } from "./certificates.ts";

/** A series with one sample. */
export interface Series {
  /** The labels, including the name of the metric. Labels with empty values are omitted, as in Prometheus. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/**
 * The series of some certificates: when each certificate expires, when it is due for renewal, its status, and the time
 * of the push. Times are in seconds.
 */
export function seriesOf(certificates: readonly PushedCertificate[], now: number): Series[] {
  return certificates.flatMap(({ labels, times }) => {
    const series = (name: string, value: number) => ({ labels: { __name__: `maand_cert_${name}`, ...labels }, value });
    const ends = times && [
      series("not_after_seconds", times.notAfter / 1000),
      series("renew_after_seconds", times.renewAfter / 1000),
      series("days_left", (times.notAfter - now) / 86_400_000),
    ];
    return [
      ...(ends ?? []),
      series("expiring", labels.status === "expiring" ? 1 : 0),
      series("expired", labels.status === "expired" ? 1 : 0),
      series("pushed_seconds", Math.floor(now / 1000)),
    ];
  });
}
