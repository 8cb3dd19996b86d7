import type { MaintainedWorkerRecord } from "./run-result.ts";

/** Events of the availability budget, maintenance and drift. */
export interface OperationEvents {
  /** An allocation, or all jobs of a worker, must not be stopped now. */
  "budget.refused": {
    /** Null for a whole job. */
    readonly worker: string | null;
    readonly jobs: readonly string[];
    /** The sentence that names what uses the budget. */
    readonly message: string;
    /** The step that makes enough of the budget available again. */
    readonly hint: string | null;
  };
  /** An allocation, or all jobs of a worker, will be stopped although the budget forbids it (`--ignore-budget`). */
  "budget.ignored": {
    /** Null for a whole job. */
    readonly worker: string | null;
    readonly jobs: readonly string[];
    /** The sentence that names what uses the budget. */
    readonly message: string;
    /** The step that makes enough of the budget available again. */
    readonly hint: string | null;
  };
  /** Maintenance is about to begin or to continue. */
  "maintenance.planned": {
    /** The number of the maintenance run, counted from 1 over all maintenance runs of the bucket. */
    readonly number: number;
    /** The remaining workers, in the order of their maintenance. */
    readonly workers: readonly string[];
    readonly concurrency: number;
    /** The phases for each worker: `drain`, `command`, `reboot`, `start`. */
    readonly steps: readonly string[];
    /** The condition under which maintenance of no further worker begins. */
    readonly stops_when: string;
  };
  /** A worker reached another phase or state. */
  "maintenance.worker": {
    readonly worker: string;
    readonly state: string;
    readonly step: string;
    /** Why it was set aside, or what remains to be done; else null. */
    readonly message: string | null;
  };
  /** A command that carries out maintenance has ended. If `is_over` is true, the maintenance has finished too. */
  "maintenance.finished": {
    readonly number: number;
    readonly outcome: "ok" | "failed" | "interrupted" | "aborted";
    readonly is_over: boolean;
    readonly workers: readonly MaintainedWorkerRecord[];
    /** Why maintenance of no further worker began, although some are waiting; otherwise null. */
    readonly message: string | null;
    readonly duration_ms: number;
  };
  "drift.found": {
    readonly worker: string;
    /** Null for the metadata of the worker. */
    readonly job: string | null;
    /** Paths that differ from what was promoted; empty if all of it is missing, or only its status differs. */
    readonly files: readonly string[];
  };
  "drift.repaired": {
    readonly worker: string;
    readonly job: string | null;
    readonly files: readonly string[];
    /** How many times in a row the same difference was repaired, including this time. */
    readonly times: number;
    /** ISO time of the first of these repairs. */
    readonly since: string;
  };
  "drift.adopted": {
    readonly worker: string;
    readonly job: string;
    readonly path: string;
    /** The user that took it over. */
    readonly by: string;
  };
}
