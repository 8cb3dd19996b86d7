import type { Job } from "../workspace/job.ts";
import { batchSize } from "./batch-size.ts";

/** How many allocations of a job may be unavailable at a time. */
export interface Budget {
  /** At least 1. */
  readonly size: number;
  /** The number of allocations of the job that are not removed. */
  readonly total: number;
  /**
   * Whether the manifest has `max_unavailable`. Otherwise the budget is the size of an upgrade batch. Such a default
   * budget limits how many allocations may stay down, while upgrades and restarts are limited only by their batches.
   */
  readonly isWritten: boolean;
}

/** The parts of a job that its budget depends on. */
export type BudgetedJob = Pick<Job, "maxConcurrentUpgrades" | "maxUnavailable">;

/**
 * Returns the budget of a job with `total` allocations. A percentage refers to all of them; the result is rounded down,
 * and is at least 1.
 */
export function budgetOf({ maxConcurrentUpgrades, maxUnavailable }: BudgetedJob, total: number): Budget {
  const size = batchSize(maxUnavailable ?? maxConcurrentUpgrades, total, 1);
  return { size: Math.max(1, Math.min(size, total)), total, isWritten: maxUnavailable !== undefined };
}

/** The size of an upgrade batch that fits into a written budget. */
export function upgradeBatch(job: BudgetedJob, { active, total }: UpgradeCounts): number {
  const size = batchSize(job.maxConcurrentUpgrades, active, 1);
  return job.maxUnavailable === undefined ? size : Math.min(size, budgetOf(job, total).size);
}

/** The numbers of a job's active allocations, and of all its allocations that are not removed. */
export interface UpgradeCounts {
  readonly active: number;
  readonly total: number;
}
