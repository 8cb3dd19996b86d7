const DAY = 86_400_000;

/** When a certificate begins and ends, in milliseconds of the epoch. */
export interface CertificateTimes {
  readonly from: number;
  readonly to: number;
}

/**
 * The time from which a certificate is renewed: `certs_renewal_buffer` days before its end. Without such a buffer, the last
 * quarter of its lifetime.
 */
export function renewalStart({ from, to }: CertificateTimes, bufferDays: number): number {
  return to - (bufferDays > 0 ? bufferDays * DAY : (to - from) / 4);
}
