import type { Allocation, Job } from "../domain/workspace/job.ts";

/** An allocation that was stopped and is to run again. */
export interface StoppedAllocation {
  readonly job: Job;
  readonly allocation: Allocation;
  /** Whether it is still stopped. If not, an earlier run started it, and only its health is checked. */
  readonly isStopped: boolean;
}

/** What to start again on a worker. */
export interface StartOptions {
  readonly stopped: readonly StoppedAllocation[];
  /** Called with the id of each allocation in the transaction that records its start. */
  readonly onStarted: (allocation: string) => void;
  /** What to type if the files that a job ran with are gone and the bucket has newer ones. */
  readonly newerFilesHint: string;
}
