import type { BatchSize } from "../workspace/job.ts";

/**
 * A batch size as a number of allocations. A percentage counts the active allocations, rounded down, at least 1. A number
 * below 1 means `whenUnset`, where 0 means all at once.
 */
export function batchSize(size: BatchSize, active: number, whenUnset: number): number {
  if (typeof size === "string") return Math.max(1, Math.floor((active * Number.parseInt(size, 10)) / 100));
  const wanted = size >= 1 ? size : whenUnset;
  return wanted >= 1 ? wanted : Math.max(1, active);
}

/** Cuts a list into batches of at most `size`, at least one each, in order. */
export function inBatches<T>(items: readonly T[], size: number): T[][] {
  const batches: T[][] = [];
  const step = Math.max(1, Math.floor(size));
  for (let at = 0; at < items.length; at += step) batches.push(items.slice(at, at + step));
  return batches;
}

/**
 * The rollout order of a job. A requested order (KV `rollout_order`) is valid if it names every active host exactly once;
 * otherwise the catalog's order applies, and `problem` says why.
 */
export function rolloutOrder(
  active: readonly string[],
  options: string | undefined,
): { readonly order: readonly string[]; readonly source: "kv" | "default"; readonly problem?: string } {
  const wanted = (options ?? "")
    .split(",")
    .map((host) => host.trim())
    .filter((host) => host !== "");
  if (wanted.length === 0) return { order: active, source: "default" };
  const problem = orderProblem(active, wanted);
  return problem === undefined ? { order: wanted, source: "kv" } : { order: active, source: "default", problem };
}

function orderProblem(active: readonly string[], wanted: readonly string[]): string | undefined {
  const known = new Set(active);
  const named = new Set(wanted);
  const unknown = wanted.filter((host) => !known.has(host));
  const missing = active.filter((host) => !named.has(host));
  const twice = wanted.find((host, at) => wanted.indexOf(host) !== at);
  if (twice !== undefined) return `it names ${twice} twice`;
  if (unknown.length > 0) return `it names ${unknown.join(", ")}, where this job has no active allocation`;
  return missing.length > 0 ? `it leaves out ${missing.join(", ")}` : undefined;
}
