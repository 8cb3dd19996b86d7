const DAY = 86_400_000;

/** The start and end of a certificate's validity, in milliseconds of the epoch. */
export interface CertificateTimes {
  readonly from: number;
  readonly to: number;
}

/**
 * The time from which a certificate is renewed: `certs_renewal_buffer` days before it expires or, without such a
 * buffer, at the start of the last quarter of its lifetime.
 */
export function renewalStart({ from, to }: CertificateTimes, bufferDays: number): number {
  return to - (bufferDays > 0 ? bufferDays * DAY : (to - from) / 4);
}
