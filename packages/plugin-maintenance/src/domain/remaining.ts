import type { MaintainedWorker } from "@maand/core/readonly";
import { isLimitReached } from "./failure-limit.ts";
import type { MaintenanceRequest } from "./request.ts";

/** The work of a maintenance run: workers to continue, which an earlier run began, and workers to begin. */
export interface Remaining {
  readonly toContinue: readonly MaintainedWorker[];
  readonly toBegin: readonly MaintainedWorker[];
}

/**
 * The rest of the maintenance: workers that were interrupted or set aside, and waiting workers. If only drained workers
 * are left, their jobs are started.
 */
export function remainingOf(workers: readonly MaintainedWorker[]): Remaining {
  const toContinue = workers.filter(({ state }) => state === "under_way" || state === "set_aside");
  const toBegin = workers.filter(({ state }) => state === "waiting");
  if (toContinue.length > 0 || toBegin.length > 0) return { toContinue, toBegin };
  const drained = workers.filter(({ state }) => state === "drained");
  return { toContinue: drained.map((worker) => ({ ...worker, phase: "start" })), toBegin };
}

/** Whether another worker may begin. Failures are counted over all runs of the maintenance. */
export function mayBegin(
  { onFailure }: Pick<MaintenanceRequest, "onFailure">,
  workers: readonly Pick<MaintainedWorker, "state">[],
): boolean {
  const failed = workers.filter(({ state }) => state === "set_aside").length;
  return !isLimitReached(onFailure, failed, workers.length);
}

/** Whether the maintenance has nothing left to do. */
export function isOver(workers: readonly Pick<MaintainedWorker, "state">[]): boolean {
  return workers.every(({ state }) => state === "done" || state === "aborted");
}

/**
 * Whether jobs of a worker may still be in service, so that this run must request the availability budget for the
 * worker. A grant to an earlier run does not count: it may have used no budget because the worker was unreachable at
 * the time, and other workers may have gone down since then.
 */
export function mustBeAdmitted({ state, phase }: Pick<MaintainedWorker, "state" | "phase">): boolean {
  return state === "waiting" || (phase === "drain" && (state === "under_way" || state === "set_aside"));
}
