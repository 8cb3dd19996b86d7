import type { ErrorCode } from "./errors.ts";

/** What became of one allocation in a run (cli.md); `skipped` means there was nothing to do. */
export type Outcome =
  | "ok"
  | "failed"
  | "unreachable"
  | "timed_out"
  | "disconnected"
  | "blocked"
  | "skipped"
  | "interrupted";

/** One allocation in the summary of a run. */
export interface AllocationResult {
  readonly job: string;
  readonly host: string;
  readonly action: string;
  readonly outcome: Outcome;
  /** Whether what it was brought to is recorded as running. */
  readonly promoted: boolean;
  /** What went wrong, or why it was left. */
  readonly message?: string;
  /** Last lines of the command that failed. */
  readonly output?: readonly string[];
}

/** Something that went wrong for a whole job, such as a health check. */
export interface JobFailure {
  readonly job: string;
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly output?: readonly string[];
}

/** What a deploy did; the last event carries it, `commit` is told it, and the exit code follows from it. */
export interface Summary {
  readonly outcome: "ok" | "failed" | "interrupted";
  readonly allocations: readonly AllocationResult[];
  readonly failures: readonly JobFailure[];
  /** Jobs that were left because a job they demand failed, with that job's name. */
  readonly blocked: readonly { readonly job: string; readonly by: string }[];
  readonly warnings: readonly string[];
}
