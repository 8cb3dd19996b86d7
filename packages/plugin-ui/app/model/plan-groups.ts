import type { PlanAllocation } from "../../src/contract.ts";

/** Allocations of a job with the same planned action, reasons and changed files. */
export interface PlanGroup {
  readonly first: PlanAllocation;
  readonly workers: readonly string[];
}

/** The allocations of a job, grouped by equal changes; large groups first. */
export function planGroups(allocations: readonly PlanAllocation[]): PlanGroup[] {
  const groups = new Map<string, { readonly first: PlanAllocation; readonly workers: string[] }>();
  for (const allocation of allocations) {
    const { worker_ip: worker, ...rest } = allocation;
    const key = JSON.stringify(rest);
    const group = groups.get(key);
    if (group) group.workers.push(worker);
    else groups.set(key, { first: allocation, workers: [worker] });
  }
  return [...groups.values()].sort((one, other) => other.workers.length - one.workers.length);
}

/** The symbols for the actions of a plan. */
export const ACTION_SIGNS = {
  start: { sign: "+", level: "info", text: "start" },
  restart: { sign: "↻", level: "warn", text: "restart" },
  reload: { sign: "⟳", level: "info", text: "reload" },
  sync: { sign: "→", level: "info", text: "sync files" },
  stop: { sign: "■", level: "bad", text: "stop" },
  promote: { sign: "✓", level: "ok", text: "record only" },
  "stop+promote": { sign: "■", level: "bad", text: "stop" },
} as const;
