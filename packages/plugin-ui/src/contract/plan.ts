/** The change of one allocation in a plan. */
export interface PlanAllocation {
  readonly worker_ip: string;
  readonly action: string;
  readonly reasons: readonly string[];
  /** Files that cause a restart instead of a reload. */
  readonly matched: readonly string[];
  readonly current_version: string;
  readonly new_version: string;
  readonly files: readonly { readonly path: string; readonly change: "added" | "modified" | "deleted" }[];
}

/** GET /api/plan : the plans that were made here, newest first. */
export interface PlansAnswer {
  readonly seq: number;
  readonly plans: readonly PlanRow[];
}

export interface PlanRow {
  /** SHA-256 of the plan; approval and deploy name it. */
  readonly digest: string;
  readonly made_at: string;
  readonly made_by: string;
  /** Whether there is anything to do. */
  readonly required: boolean;
  /** `used` if a run has already carried it out. A deploy of a plan that is out of date is refused, with the reason. */
  readonly state: "open" | "used";
  /** The number of the run that carried it out; null for an open plan. */
  readonly run: number | null;
  /** Allocations by action. */
  readonly actions: Readonly<Record<string, number>>;
  /** The jobs that the plan is limited to; empty for all. */
  readonly jobs: readonly string[];
}

/** GET /api/plan/:digest : digest, or `latest`. */
export interface PlanAnswer extends PlanRow {
  readonly notes: readonly string[];
  readonly waves: readonly {
    readonly deployment_seq: number;
    readonly jobs: readonly {
      readonly job: string;
      readonly required: boolean;
      readonly pre_deploy: "none" | "may change this" | "was run";
      readonly blocked_by: string | null;
      readonly unchanged: number;
      readonly allocations: readonly PlanAllocation[];
      readonly rollout: {
        readonly state: string;
        readonly steps: readonly {
          readonly step: number;
          readonly of: number;
          readonly size: string;
          readonly workers: readonly string[];
        }[];
        readonly waiting: readonly string[];
      } | null;
    }[];
  }[];
  readonly stopping: readonly {
    readonly job: string;
    readonly worker_ip: string;
    readonly stop: boolean;
    readonly remove: boolean;
    readonly reason: string;
  }[];
  readonly undecided: readonly { readonly job: string; readonly message: string }[];
  readonly failures: readonly {
    readonly job: string;
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
  }[];
  readonly held_jobs: readonly { readonly job: string; readonly text: string }[];
}

/**
 * GET /api/plan/:digest/diff?job=&host= : a unified diff for each file. Secrets are hidden, and a changed secret is
 * marked as changed.
 */
export interface DiffAnswer {
  readonly job: string;
  readonly worker_ip: string;
  readonly files: readonly {
    readonly path: string;
    readonly change: "added" | "modified" | "deleted";
    /** A change of mode or owner, in words. */
    readonly access: string | null;
    readonly diff: string;
  }[];
}

/**
 * POST /api/plan : makes a plan as `maand plan` does, and keeps it. Changes nothing in the bucket. Responds with 201
 * and the PlanRow.
 */
export interface PlanRequest {
  /** Only these jobs; default all. */
  readonly jobs?: readonly string[];
}
