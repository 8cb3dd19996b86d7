import type { Level } from "./session.ts";

/** A state of an allocation, as in a cell of the fleet. */
export interface StateEntry {
  /**
   * The state as in `maand cat deployments`, or `failed` if its last command failed, `changing` while a command is
   * working on it, or `none` if the job is not placed there.
   */
  readonly key: string;
  /** The character of a cell. */
  readonly sign: string;
  /** A short description. */
  readonly text: string;
  readonly level: Level;
}

/** A job, as a column of the fleet. */
export interface FleetJob {
  readonly name: string;
  readonly wave: number;
  /** Versions that run, the most frequent first. */
  readonly running: readonly string[];
  /** The version of the last build; null for a removed job. */
  readonly target: string | null;
  readonly held: boolean;
  /** The number of allocations by key of their state, on all workers, regardless of the filter. */
  readonly counts: Readonly<Record<string, number>>;
}

/** A worker, as a row of the fleet. */
export interface FleetWorker {
  readonly host: string;
  readonly hostname: string | null;
  readonly position: number;
  readonly zone: string | null;
  readonly labels: readonly string[];
  /**
   * `removed`: no longer in the workspace; `left_behind`: deploys could not reach it; `maintenance`; null otherwise.
   */
  readonly note: "removed" | "left_behind" | "maintenance" | null;
  /** The most urgent of its cells and note. */
  readonly level: Level;
  /** One character for each job of the response, in its order: `sign` of a state. */
  readonly cells: string;
}

/**
 * GET /api/fleet?label=&zone=&job=&state=&q=&sort=&after=&limit= : workers that match all filters. `label`, `zone`,
 * `job` and `state` are comma-separated lists, of which any entry may match. `job` also limits the columns. `state`
 * contains the keys of states. `q` is part of a host or hostname. `sort` is `position` (default) or `attention` (most
 * urgent first). `after` is the number of workers to skip. `limit` is 1 to 2,000, default 1,000.
 */
export interface FleetAnswer {
  /** The sequence number of the stream when this was read. */
  readonly seq: number;
  readonly at: string;
  readonly states: readonly StateEntry[];
  readonly jobs: readonly FleetJob[];
  readonly workers: readonly FleetWorker[];
  /** The number of workers that match, and of all workers. */
  readonly total: number;
  readonly all: number;
  /** `after` of the next page; null after the last. */
  readonly next: number | null;
  /** Labels and zones of all workers, for the filters. */
  readonly labels: readonly string[];
  readonly zones: readonly string[];
}

/** GET /api/status : the output of `maand status --json`, with at most 200 entries in each list. */
export interface StatusAnswer {
  readonly workers: number;
  readonly jobs: number;
  readonly allocations: number;
  readonly unbuilt: readonly string[];
  readonly running: { readonly command: string; readonly pid: number; readonly since: string } | null;
  readonly last_run: { readonly command: string; readonly outcome: string | null; readonly started_at: string } | null;
  readonly maintenance: string | null;
  /** Most urgent first. `next` is a command line. */
  readonly attention: readonly {
    readonly kind: string;
    readonly level: Level;
    readonly texts: readonly string[];
    readonly next: string | null;
  }[];
  readonly job_states: readonly {
    readonly job: string;
    readonly running: readonly string[];
    readonly target: string;
    readonly states: Readonly<Record<string, number>>;
  }[];
  readonly [key: string]: unknown;
}
