import type { Allocation, Job } from "../domain/workspace/job.ts";

/** An allocation that was stopped and will be started again. */
export interface StoppedAllocation {
  readonly job: Job;
  readonly allocation: Allocation;
  /** Whether it is still stopped. If not, an earlier run started it, and only its health is checked. */
  readonly isStopped: boolean;
}

/** The options of a start on a worker. */
export interface StartOptions {
  readonly stopped: readonly StoppedAllocation[];
  /** Called with the id of each allocation in the transaction that records its start. */
  readonly onStarted: (allocation: string) => void;
  /** The hint if the files that a job ran with no longer exist and the bucket has newer ones. */
  readonly newerFilesHint: string;
}
