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

/** GET /api/doctor : the findings of the last time; POST /api/doctor with `{}` looks again, which contacts all workers. */
export interface DoctorAnswer {
  /** Null if it was not run here yet. */
  readonly at: string | null;
  /** Whether it runs now; the stream wakes (`doctor`) at the end. */
  readonly running: boolean;
  readonly findings: readonly {
    readonly check: string;
    readonly where: string;
    readonly ok: boolean;
    readonly message: string;
    readonly hint: string | null;
  }[];
  /** Why it could not run at all. */
  readonly problem: string | null;
}
