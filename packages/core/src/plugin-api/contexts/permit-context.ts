import type { PlannedAction } from "../../domain/deploy/plan.ts";
import type { Job } from "../../domain/workspace/job.ts";
import type { Worker } from "../../domain/workspace/worker.ts";
import type { RunContext } from "../base-contexts.ts";

/** An allocation that changes. @experimental */
export interface ChangedAllocation {
  /** The worker of the allocation. */
  readonly worker: Worker;
  /**
   * `remove` stops the process and deletes the files; `sync` copies files and runs nothing; any other value is the
   * action on the process.
   */
  readonly action: PlannedAction | "remove";
  /** The promoted version; `0.0.0` before the first promotion. */
  readonly currentVersion: string;
}

/** The changes of one wave that start together. @experimental */
export interface Changes {
  /**
   * The step of the wave: `stop` for disabled and removed allocations, before the first rollout, and `rollout` for
   * everything else.
   */
  readonly step: "stop" | "rollout";
  /** The number of the wave. Waves with lower numbers are rolled out first. */
  readonly deploymentSeq: number;
  /** The jobs that change, ordered by name. */
  readonly jobs: readonly { readonly job: Job; readonly allocations: readonly ChangedAllocation[] }[];
}

/** `permit`: the changes of one wave, before any of them starts; a thrown error refuses them. @experimental */
export interface PermitContext extends RunContext {
  /** The changes to permit. */
  readonly changes: Changes;
  /** @deprecated Renamed to `changes`. */
  readonly wave: Changes;
}

/** @deprecated Renamed to `PermitContext`. */
export type WaveContext = PermitContext;
