import type { RunRow } from "./runs.ts";

/** An allocation on the pages of its job and of its worker. */
export interface AllocationRow {
  readonly job: string;
  readonly worker: string;
  /** The key of a fleet state. */
  readonly state: string;
  readonly running_version: string | null;
  readonly target_version: string | null;
  readonly disabled: boolean;
  readonly removed: boolean;
  readonly in_doubt: boolean;
  /** The last recorded health check, separate from the state, with the time of the check. */
  readonly health: {
    readonly ok: boolean;
    readonly check: string;
    readonly message: string;
    readonly at: string;
  } | null;
}

/** A staged rollout that is not complete. */
export interface RolloutRow {
  readonly job: string;
  readonly release: string;
  readonly version: string;
  readonly previous: string | null;
  readonly state: "paused" | "waiting" | "under_way";
  readonly step: number;
  readonly steps: readonly string[];
  readonly since: string;
  readonly until: string | null;
  readonly started_by: string;
  readonly released: readonly string[];
  readonly waiting: readonly string[];
  readonly text: string;
}

/** GET /api/jobs/:job */
export interface JobAnswer {
  readonly seq: number;
  readonly name: string;
  readonly version: string;
  readonly removed: boolean;
  readonly wave: number;
  readonly selectors: readonly string[];
  readonly demands: readonly string[];
  readonly restart_policy: string;
  /** Batch sizes, as in the manifest; 0 means all together. */
  readonly start_batch: number | string;
  readonly upgrade_batch: number | string;
  readonly ports: Readonly<Record<string, number>>;
  /** The reason why its newest release is not deployed. */
  readonly held: string | null;
  readonly rollout: RolloutRow | null;
  readonly allocations: readonly AllocationRow[];
  /** Newest first. */
  readonly releases: readonly {
    readonly release: string;
    readonly version: string;
    readonly created_at: string;
    readonly created_by: string;
    readonly commit: string | null;
    readonly verdict: "good" | "bad" | "unconfirmed" | "never deployed";
    readonly bad: string | null;
    readonly wanted: boolean;
    readonly held: boolean;
    readonly workers: readonly string[];
  }[];
  /** The newest runs that changed it. */
  readonly runs: readonly RunRow[];
}

/** GET /api/workers/:host */
export interface WorkerAnswer {
  readonly seq: number;
  readonly host: string;
  readonly hostname: string | null;
  readonly position: number;
  readonly zone: string | null;
  readonly labels: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly cpu_mhz: number;
  readonly memory_mb: number;
  readonly removed: boolean;
  readonly left_behind: {
    readonly since: string;
    readonly last_at: string;
    readonly reason: string;
    readonly times: number;
  } | null;
  /** The state and step of its maintenance, if it is in one. */
  readonly maintenance: {
    readonly state: string;
    readonly step: string | null;
    readonly message: string | null;
  } | null;
  readonly allocations: readonly AllocationRow[];
  readonly runs: readonly RunRow[];
}
