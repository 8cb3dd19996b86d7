import type { Level } from "./session.ts";

/** A state of an allocation, as in a cell of the fleet. */
export interface StateEntry {
  /** As `maand cat deployments` shows it, and `failed` for one whose last command failed, `changing` for one that a command works on now; `none`: not placed there. */
  readonly key: string;
  /** The character of a cell. */
  readonly sign: string;
  /** In a few words. */
  readonly text: string;
  readonly level: Level;
}

/** A job, as a column of the fleet. */
export interface FleetJob {
  readonly name: string;
  readonly wave: number;
  /** Versions that run, the most frequent first. */
  readonly running: readonly string[];
  /** Of the last build; null for a removed job. */
  readonly target: string | null;
  readonly held: boolean;
  /** Allocations by key of their state, on all workers, whatever the filter. */
  readonly counts: Readonly<Record<string, number>>;
}

/** A worker, as a row of the fleet. */
export interface FleetWorker {
  readonly host: string;
  readonly hostname: string | null;
  readonly position: number;
  readonly zone: string | null;
  readonly labels: readonly string[];
  /** `removed`: no longer in the workspace; `left_behind`: deploys could not reach it; `maintenance`; null otherwise. */
  readonly note: "removed" | "left_behind" | "maintenance" | null;
  /** The most urgent of its cells and note. */
  readonly level: Level;
  /** One character for each job of the answer, in its order: `sign` of a state. */
  readonly cells: string;
}

/**
 * GET /api/fleet?label=&zone=&job=&state=&q=&sort=&after=&limit= : workers that match all filters. Lists are comma-separated and mean
 * "any of": `job` also limits the columns, `state` are keys, `q` is part of a host or hostname, `sort` is `position` (default) or
 * `attention` (most urgent first). `after`: how many to skip; `limit`: 1 to 2,000, default 1,000.
 */
export interface FleetAnswer {
  /** Of the stream, when this was read. */
  readonly seq: number;
  readonly at: string;
  readonly states: readonly StateEntry[];
  readonly jobs: readonly FleetJob[];
  readonly workers: readonly FleetWorker[];
  /** Workers that match, and that there are. */
  readonly total: number;
  readonly all: number;
  /** `after` of the next page; null after the last. */
  readonly next: number | null;
  /** Labels and zones of all workers, for the filters. */
  readonly labels: readonly string[];
  readonly zones: readonly string[];
}

/** GET /api/status : what `maand status --json` prints, with at most 200 entries in each list. */
export interface StatusAnswer {
  readonly workers: number;
  readonly jobs: number;
  readonly allocations: number;
  readonly unbuilt: readonly string[];
  readonly running: { readonly command: string; readonly pid: number; readonly since: string } | null;
  readonly last_run: { readonly command: string; readonly outcome: string | null; readonly started_at: string } | null;
  readonly maintenance: string | null;
  /** The most urgent first. `next` is a command line. */
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
