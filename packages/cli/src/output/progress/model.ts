/**
 * The state that the live screen shows: everything that a frame needs, folded from the run's events. Times are in
 * milliseconds.
 */
export interface Progress {
  /** The command as typed, such as `deploy` or `job restart`; empty before the run begins. */
  readonly command: string;
  readonly since: number;
  /** The number of waves that began, and the jobs of the last wave. */
  readonly wave: number;
  readonly waveJobs: readonly string[];
  readonly connected: number;
  readonly files: Count;
  /** By name, in the order in which they were first mentioned. */
  readonly jobs: ReadonlyMap<string, JobProgress>;
  /** Jobs without changes. */
  readonly unchanged: number;
  /** The running steps, by key. */
  readonly underWay: ReadonlyMap<string, Step>;
  /** The last lines of output of each running step, by `job@worker`, worker or job; bounded. */
  readonly output: ReadonlyMap<string, readonly string[]>;
  readonly failures: readonly Failed[];
  /** The number of failures beyond those that are kept. */
  readonly moreFailures: number;
  /** How many times each warning was printed. */
  readonly warnings: ReadonlyMap<string, number>;
  /** Whether the run was interrupted and is stopping its work. */
  readonly isStopping: boolean;
  readonly isOver: boolean;
}

/** The numbers of items that began, succeeded and failed. */
export interface Count {
  readonly begun: number;
  readonly done: number;
  readonly failed: number;
}

export type JobState = "waiting" | "running" | "ok" | "failed" | "blocked" | "paused" | "reverting" | "reverted";

/** One job, or all workers of a script or of maintenance. */
export interface JobProgress {
  readonly name: string;
  readonly state: JobState;
  /** The number of allocations, or of workers; 0 if unknown. */
  readonly total: number;
  readonly done: number;
  readonly failed: number;
  /** `batch 2 of 3`, `step 1 of 4`, or `depends on api` for a blocked job. */
  readonly note: string;
  readonly since: number | undefined;
  readonly ended: number | undefined;
}

export type StepKind = "files" | "action" | "command" | "health" | "script" | "rollout" | "maintenance";

/** A step that runs on one worker or for one job. */
export interface Step {
  readonly kind: StepKind;
  /** The action without the worker: `restart api`; steps with the same text can be counted together. */
  readonly what: string;
  readonly job: string | undefined;
  /** Undefined for a step of a whole job. */
  readonly worker: string | undefined;
  readonly since: number;
  /** The reason why the step waits. */
  readonly waitsFor: string;
  /** The time without activity, if that is unusual. */
  readonly silentMs: number | undefined;
}

/** A failure, and the workers that failed in the same way. */
export interface Failed {
  readonly what: string;
  readonly job: string | undefined;
  readonly workers: readonly string[];
  readonly message: string;
  /** The last lines of its output. */
  readonly lines: readonly string[];
}

/** The number of last lines of output that are kept per step. */
export const LINES_KEPT = 12;
/** The number of failures that are kept with their lines; others are counted. */
export const FAILURES_KEPT = 20;

/** The state before the first event. */
export const NOTHING_YET: Progress = {
  command: "",
  since: 0,
  wave: 0,
  waveJobs: [],
  connected: 0,
  files: { begun: 0, done: 0, failed: 0 },
  jobs: new Map(),
  unchanged: 0,
  underWay: new Map(),
  output: new Map(),
  failures: [],
  moreFailures: 0,
  warnings: new Map(),
  isStopping: false,
  isOver: false,
};
