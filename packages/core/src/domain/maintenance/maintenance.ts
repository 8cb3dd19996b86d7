/** The phases of a worker, in order. Each is recorded before it begins. */
export const PHASES = ["drain", "command", "reboot", "start"] as const;

/** `drain`: its jobs are stopped; `start`: they are started again and their health is checked. */
export type Phase = (typeof PHASES)[number];

/**
 * The state of a worker. `waiting`: nothing was done yet; `under_way`: its phase began, and may have been interrupted;
 * `set_aside`: its phase failed; `drained`: everything is done except the start of its jobs; `done`; `aborted`:
 * maintenance was aborted.
 */
export type WorkerState = "waiting" | "under_way" | "set_aside" | "drained" | "done" | "aborted";

/** A worker of a maintenance run, as stored. */
export interface MaintainedWorker {
  readonly host: string;
  readonly state: WorkerState;
  readonly phase: Phase;
  /**
   * The number of the attempt at the phase. It distinguishes the retry of a failed command from a continuation of the
   * command.
   */
  readonly attempt: number;
  /**
   * The boot id of the worker when this attempt at its command or reboot began; undefined before that, or if the worker
   * has no boot id.
   */
  readonly bootId: string | undefined;
  /** Why the worker was set aside, or what remains to be done by hand. */
  readonly message: string | undefined;
  /** ISO time at which the worker reached its state and phase. */
  readonly since: string;
}

/** A maintenance run in progress, as stored. */
export interface Maintenance {
  /** The number of the maintenance run, counted from 1 over all maintenance runs of the bucket. */
  readonly number: number;
  /** A UUID that is part of the names of its receipts. */
  readonly id: string;
  /** The work to do on its workers: JSON that only the plugin of the command reads. */
  readonly request: string;
  readonly startedAt: string;
  readonly startedBy: string;
  /** In the order in which they are maintained. */
  readonly workers: readonly MaintainedWorker[];
}

/** States of a worker in which a deploy does not change it. */
const OUT_OF_SERVICE: ReadonlySet<WorkerState> = new Set(["under_way", "set_aside", "drained"]);

/** Whether a worker is in maintenance now: its jobs are out of service. */
export function isInMaintenance({ state }: Pick<MaintainedWorker, "state">): boolean {
  return OUT_OF_SERVICE.has(state);
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
