import type { ErrorCode, PluginErrorCode } from "./errors.ts";

/**
 * The result for one allocation in a run; `skipped`: there was nothing to do; `paused`: a later step of a staged
 * rollout will reach the allocation.
 */
export type Outcome =
  | "ok"
  | "failed"
  | "unreachable"
  | "timed_out"
  | "disconnected"
  | "blocked"
  | "skipped"
  | "interrupted"
  | "reverted"
  | "revert_failed"
  | "paused";

/** One allocation in the summary of a run. */
export interface AllocationResult {
  readonly job: string;
  readonly host: string;
  /** What was done; `orchestrate` if a plugin controlled the rollout, because maand cannot tell what the plugin did. */
  readonly action: string;
  /** The plugin that controlled the rollout. */
  readonly ledBy?: string;
  readonly outcome: Outcome;
  /** Whether its new state is recorded as running. */
  readonly promoted: boolean;
  /** What went wrong, or why it was left unchanged. */
  readonly message?: string;
  /** What to do about it. */
  readonly hint?: string;
  /** Last lines of the command that failed. */
  readonly output?: readonly string[];
}

/** A failure of a whole job, such as of its health check. */
export interface JobFailure {
  readonly job: string;
  readonly code: ErrorCode | PluginErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly output?: readonly string[];
}

/** A staged rollout that waits for manual approval. */
export interface PausedRollout {
  readonly job: string;
  /** `r14`. */
  readonly release: string;
  /** `r12`, the release that an abort restores; absent if unknown. */
  readonly previous?: string;
  /** The step that it has reached, counted from 1. */
  readonly step: number;
  readonly steps: number;
  /** ISO time at which it reached the pause; absent in a plan that will reach it. */
  readonly since?: string;
  /** The user that started the rollout; absent in a plan that will start it. */
  readonly startedBy?: string;
  /** Hosts of the allocations that it has not reached. */
  readonly waiting: readonly string[];
}

/** Why a deploy was refused before it touched anything. */
export type Refusal = Omit<JobFailure, "job" | "output">;

/** The result of a deploy. `commit` receives it, and it determines the exit code. */
export interface Summary {
  /**
   * `paused`: nothing failed, and a staged rollout waits for manual approval; `reverted`: everything that failed was
   * undone; `revert_failed`: something could not be undone; `refused`: it ended before it touched anything.
   */
  readonly outcome: "ok" | "paused" | "failed" | "interrupted" | "reverted" | "revert_failed" | "refused";
  /** Why it was refused. */
  readonly refusal?: Refusal;
  readonly allocations: readonly AllocationResult[];
  readonly failures: readonly JobFailure[];
  /** Jobs that were left unchanged because a job that they depend on failed or is paused, with the name of that job. */
  readonly blocked: readonly { readonly job: string; readonly by: string }[];
  /** Staged rollouts that wait for manual approval. */
  readonly paused: readonly PausedRollout[];
  readonly warnings: readonly string[];
  /** Parts of the workspace that changed since the last build and were not deployed. */
  readonly unbuilt: readonly string[];
}

/** A summary as in the last event of a run: counts of allocations, and the allocations of jobs with something to do. */
export interface SummaryRecord {
  readonly outcome: Summary["outcome"];
  /** Allocations that now run the planned version. */
  readonly promoted: number;
  /** Allocations with nothing to do. */
  readonly skipped: number;
  readonly failed: number;
  /** Allocations that were reverted to what ran before, because their rollout failed. */
  readonly reverted: number;
  /** Allocations that were not reached because of an earlier failure. */
  readonly blocked: number;
  readonly allocations: readonly {
    readonly job: string;
    readonly worker_ip: string;
    readonly action: string;
    /** The plugin that controlled the rollout; only with the action `orchestrate`. */
    readonly led_by?: string;
    readonly outcome: Outcome;
    readonly promoted: boolean;
    readonly message: string | null;
    readonly hint: string | null;
    readonly output: readonly string[];
  }[];
  readonly failures: readonly {
    readonly job: string;
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
    readonly output: readonly string[];
  }[];
  readonly blocked_jobs: readonly { readonly job: string; readonly by: string }[];
  readonly paused: readonly (Omit<PausedRollout, "previous" | "since" | "startedBy"> & {
    readonly previous: string | null;
    readonly since: string | null;
    readonly started_by: string | null;
  })[];
  readonly warnings: readonly string[];
  readonly unbuilt: readonly string[];
}

/** A worker of a maintenance run in the last event of the run. */
export interface MaintainedWorkerRecord {
  readonly worker_ip: string;
  /** `waiting`, `under_way`, `set_aside`, `drained`, `done` or `aborted`. */
  readonly state: string;
  /** `drain`, `command`, `reboot` or `start`. */
  readonly step: string;
  /** Why it was set aside, or what remains to be done; else null. */
  readonly message: string | null;
}

/** Outcomes that do not count as failures of an allocation. Interrupted allocations are listed, but not counted. */
const NOT_FAILED: ReadonlySet<Outcome> = new Set(["ok", "skipped", "blocked", "interrupted", "reverted", "paused"]);

/**
 * Converts a summary to its record. For jobs with nothing to do, the record contains only the number of allocations,
 * because a large fleet has very many.
 */
export function summaryRecord(summary: Summary): SummaryRecord {
  const touched = new Set<string>();
  for (const { job, outcome } of summary.allocations) if (outcome !== "skipped") touched.add(job);
  const named = summary.allocations.filter(({ job }) => touched.has(job));
  const count = (of: (result: AllocationResult) => boolean) => summary.allocations.filter(of).length;
  return {
    outcome: summary.outcome,
    promoted: count(({ outcome, promoted }) => outcome === "ok" && promoted),
    skipped: count(({ outcome }) => outcome === "skipped"),
    failed: count(({ outcome }) => !NOT_FAILED.has(outcome)),
    reverted: count(({ outcome }) => outcome === "reverted"),
    blocked: count(({ outcome }) => outcome === "blocked"),
    allocations: named.map(({ job, host, action, outcome, promoted, ledBy, message, hint, output }) => ({
      job,
      action,
      outcome,
      promoted,
      ...(ledBy === undefined ? {} : { led_by: ledBy }),
      worker_ip: host,
      message: message ?? null,
      hint: hint ?? null,
      output: output ?? [],
    })),
    failures: summary.failures.map(({ hint, output, ...failure }) => ({
      ...failure,
      hint: hint ?? null,
      output: output ?? [],
    })),
    blocked_jobs: summary.blocked,
    paused: summary.paused.map(({ previous, since, startedBy, ...rest }) => ({
      ...rest,
      previous: previous ?? null,
      since: since ?? null,
      started_by: startedBy ?? null,
    })),
    warnings: summary.warnings,
    unbuilt: summary.unbuilt,
  };
}
