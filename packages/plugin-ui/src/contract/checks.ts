/** GET /api/certificates : as `maand cat certs --json`. */
export interface CertificatesAnswer {
  readonly at: string;
  readonly certificates: readonly {
    readonly scope: "ca" | "job";
    readonly job: string | null;
    readonly worker: string | null;
    readonly cert: string;
    readonly common_name: string | null;
    readonly not_after: string | null;
    readonly days_left: number | null;
    readonly status: "ok" | "not_yet_valid" | "expiring" | "expired" | "invalid";
  }[];
}

/**
 * GET /api/doctor : the findings of the last check. POST /api/doctor with `{}` starts another check, which contacts all
 * workers.
 */
export interface DoctorAnswer {
  /** Null if the check has not run yet. */
  readonly at: string | null;
  /** Whether it is running; the stream reports its end (`doctor`). */
  readonly running: boolean;
  readonly findings: readonly {
    readonly check: string;
    readonly where: string;
    readonly ok: boolean;
    readonly message: string;
    readonly hint: string | null;
  }[];
  /** The reason why it could not run. */
  readonly problem: string | null;
}
