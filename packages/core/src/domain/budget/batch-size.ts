import type { BatchSize } from "../workspace/job.ts";

/**
 * Converts a batch size to a number of allocations. A percentage refers to the active allocations; the result is
 * rounded down, and is at least 1. If the size is a number less than 1, `whenUnset` applies instead. If `whenUnset` is
 * 0, all allocations form one batch.
 */
export function batchSize(size: BatchSize, active: number, whenUnset: number): number {
  if (typeof size === "string") return Math.max(1, Math.floor((active * Number.parseInt(size, 10)) / 100));
  const wanted = size >= 1 ? size : whenUnset;
  return wanted >= 1 ? wanted : Math.max(1, active);
}
