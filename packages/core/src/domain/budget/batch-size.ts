import type { BatchSize } from "../workspace/job.ts";

/**
 * A batch size as a number of allocations. A percentage counts the active allocations, rounded down, at least 1. A
 * number below 1 means `whenUnset`, where 0 means all together.
 */
export function batchSize(size: BatchSize, active: number, whenUnset: number): number {
  if (typeof size === "string") return Math.max(1, Math.floor((active * Number.parseInt(size, 10)) / 100));
  const wanted = size >= 1 ? size : whenUnset;
  return wanted >= 1 ? wanted : Math.max(1, active);
}
