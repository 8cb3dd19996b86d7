import type { Job } from "../domain/workspace/job.ts";
import type { PlannedJob } from "./plan-job.ts";

/** Keeps a deploy to a saved plan, job by job. */
export interface PlanApproval {
  /** The digest of the plan. */
  readonly digest: string;
  /** Takes the plan for a run: it is carried out once. Throws PLAN_INVALID if another run did. */
  consume(run: number): void;
  /** Whether a job stays as it is, with nothing to record and no hooks that could change this; it is not planned again. */
  isSettled(job: Job): boolean;
  /** Throws PLAN_DIFFERS for a job that the plan could not decide about, before its hooks run. */
  begin(job: Job): void;
  /** Throws PLAN_DIFFERS if the plan of a job is not the saved one. */
  check(plan: PlannedJob): void;
}
