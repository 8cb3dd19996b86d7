import type { Finding } from "../../domain/checks/finding.ts";
import type { Job } from "../../domain/workspace/job.ts";
import type { Worker } from "../../domain/workspace/worker.ts";
import type { RunContext } from "../base-contexts.ts";

/** `examine`: `maand doctor` is running. Check, and change nothing. */
export interface ExamineContext extends RunContext {
  /** The clock. Use it instead of `new Date()`, so that tests can set the time. */
  now(): Date;
  /** Jobs of the catalog; none before the first build. */
  readonly jobs: readonly Job[];
  /** Workers of the catalog, by position; none before the first build. */
  readonly workers: readonly Worker[];
  /** Requires a program on this machine. `maand doctor` looks for it and reports the result. */
  needs(tool: string): void;
  /** Reports the result of one check, good or bad. */
  report(finding: Finding): void;
}
