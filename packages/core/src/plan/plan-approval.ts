import type { Job } from "../domain/workspace/job.ts";
import type { PlannedJob } from "./plan-job.ts";

/** Checks a deploy against a saved plan, job by job. */
export interface PlanApproval {
  /** The digest of the plan. */
  readonly digest: string;
  /**
   * Marks the plan as used by a run, because a plan can be carried out only once. Throws PLAN_INVALID if another run
   * used the plan.
   */
  consume(run: number): void;
  /**
   * Whether a deploy has nothing to do or record for a job, and no hook could change this. Such a job is not planned
   * again.
   */
  isSettled(job: Job): boolean;
  /** Throws PLAN_DIFFERS for a job that the plan left undecided, before its hooks run. */
  begin(job: Job): void;
  /** Throws PLAN_DIFFERS if the plan of a job is not the saved plan. */
  check(plan: PlannedJob): void;
}
