import { type FailureLimit, isLimitReached } from "./failure-limit.ts";

/** What a maintenance does to each of its workers, as requested once and stored. */
export interface MaintenanceRequest {
  /** A bash script to run while the worker is drained; absent: none. */
  readonly command?: string;
  /** Whether each worker is rebooted. */
  readonly reboot: boolean;
  /** Whether the jobs stay stopped until the maintenance is resumed or aborted. */
  readonly keepDrained: boolean;
  /** The number of workers in maintenance at once, at least 1. */
  readonly concurrency: number;
  readonly onFailure: FailureLimit;
  /** How long a rebooted worker may take to be back, in milliseconds. */
  readonly returnMs: number;
  /** How long the command may take, in milliseconds. */
  readonly commandMs: number;
}

/** The phases of a worker, in order. Each is recorded before it begins. */
export const PHASES = ["drain", "command", "reboot", "start"] as const;

/** `drain`: its jobs are stopped; `start`: they are started again and their health is checked. */
export type Phase = (typeof PHASES)[number];

/**
 * Where a worker is. `waiting`: nothing was done; `under_way`: its phase began, and may have been interrupted; `set_aside`:
 * its phase failed; `drained`: everything is done but the start of its jobs; `done`; `aborted`: taken out of the maintenance.
 */
export type WorkerState = "waiting" | "under_way" | "set_aside" | "drained" | "done" | "aborted";

/** A worker of a maintenance, as it is stored. */
export interface MaintainedWorker {
  readonly host: string;
  readonly state: WorkerState;
  readonly phase: Phase;
  /** Counts the attempts of its phase, so that a command that failed is not taken for one that is continued. */
  readonly attempt: number;
  /** The boot id that it had when this attempt of its command or reboot began; undefined before that, and where it has none. */
  readonly bootId: string | undefined;
  /** Why it was set aside, or what remains to be done by hand. */
  readonly message: string | undefined;
  /** ISO time at which it came to its state and phase. */
  readonly since: string;
}

/** A maintenance that is not over, as it is stored. */
export interface Maintenance {
  /** Counted from 1 over all maintenances of the bucket. */
  readonly number: number;
  /** A UUID: part of the names of its receipts. */
  readonly id: string;
  readonly request: MaintenanceRequest;
  readonly startedAt: string;
  readonly startedBy: string;
  /** In the order in which they are taken. */
  readonly workers: readonly MaintainedWorker[];
}

/** States in which a deploy leaves a worker alone. */
const OUT_OF_SERVICE: ReadonlySet<WorkerState> = new Set(["under_way", "set_aside", "drained"]);

/** Whether a worker is in maintenance now: its jobs are out of service. */
export function isInMaintenance({ state }: Pick<MaintainedWorker, "state">): boolean {
  return OUT_OF_SERVICE.has(state);
}

/** The phases that a request has, in order. */
export function phasesOf({ command, reboot, keepDrained }: MaintenanceRequest): readonly Phase[] {
  const has: Readonly<Record<Phase, boolean>> = {
    drain: true,
    command: command !== undefined,
    reboot,
    start: !keepDrained,
  };
  return PHASES.filter((phase) => has[phase]);
}

/** The phase after one; undefined after the last one. */
export function phaseAfter(request: MaintenanceRequest, phase: Phase): Phase | undefined {
  return phasesOf(request).find((next) => PHASES.indexOf(next) > PHASES.indexOf(phase));
}

/** What a run of a maintenance does: workers to continue, which are out of service already, and workers to begin. */
export interface Remaining {
  readonly toContinue: readonly MaintainedWorker[];
  readonly toBegin: readonly MaintainedWorker[];
}

/**
 * What remains of a maintenance: workers that were interrupted or set aside, and those that wait. If only drained workers are
 * left, their jobs are started.
 */
export function remainingOf(workers: readonly MaintainedWorker[]): Remaining {
  const toContinue = workers.filter(({ state }) => state === "under_way" || state === "set_aside");
  const toBegin = workers.filter(({ state }) => state === "waiting");
  if (toContinue.length > 0 || toBegin.length > 0) return { toContinue, toBegin };
  const drained = workers.filter(({ state }) => state === "drained");
  return { toContinue: drained.map((worker) => ({ ...worker, phase: "start" })), toBegin };
}

/** Whether another worker may be begun: one count of failures holds for the whole maintenance, over all of its runs. */
export function mayBegin(
  { onFailure }: Pick<MaintenanceRequest, "onFailure">,
  workers: readonly Pick<MaintainedWorker, "state">[],
): boolean {
  const failed = workers.filter(({ state }) => state === "set_aside").length;
  return !isLimitReached(onFailure, failed, workers.length);
}

/** Whether nothing of a maintenance is left to do. */
export function isOver(workers: readonly Pick<MaintainedWorker, "state">[]): boolean {
  return workers.every(({ state }) => state === "done" || state === "aborted");
}

/** `2 of 5 workers done, 1 set aside, 2 waiting`. */
export function progressText(workers: readonly Pick<MaintainedWorker, "state">[]): string {
  const count = (state: WorkerState) => workers.filter((worker) => worker.state === state).length;
  const rest = (["under_way", "drained", "set_aside", "waiting", "aborted"] as const).filter(
    (state) => count(state) > 0,
  );
  const done = `${count("done")} of ${workers.length} ${workers.length === 1 ? "worker" : "workers"} done`;
  return [done, ...rest.map((state) => `${count(state)} ${state.replace("_", " ")}`)].join(", ");
}
