import type { MaandEvent } from "@maand/core";
import type { Level } from "./session.ts";

/** A command that changed something, or tried to. */
export interface RunRow {
  /** Increases with every command; used for paging. */
  readonly number: number;
  /** The id of its record, which /api/runs/:id accepts; null if it has no record. */
  readonly id: string | null;
  /** The number of the run, as in run 41. */
  readonly run: number | null;
  readonly command: string;
  readonly user: string | null;
  readonly machine: string | null;
  readonly commit: string | null;
  readonly started_at: string;
  readonly finished_at: string | null;
  readonly duration_ms: number | null;
  /** The outcome; `running` while its process is known to be alive; `unknown` if it ended without a result. */
  readonly result: string;
  readonly level: Level;
  readonly jobs: readonly string[] | null;
  readonly workers: readonly string[] | null;
  /** Whether its events can be read here. */
  readonly recorded: boolean;
}

/**
 * GET /api/runs?job=&worker=&before=&limit= : newest first. With `before`, only smaller numbers. `limit` is 1 to 500,
 * default 50.
 */
export interface RunsAnswer {
  readonly seq: number;
  readonly runs: readonly RunRow[];
  /** `before` of the next page; null after the last. */
  readonly next: number | null;
}

/** A batch in the timeline of a run. */
export interface TimelineBatch {
  readonly job: string;
  /** Counted from 0. */
  readonly index: number;
  readonly count: number;
  readonly phase: "new" | "update";
  readonly workers: readonly string[];
  readonly started_at: string;
  readonly promoted_at: string | null;
  /** Workers on which a command of the batch failed. */
  readonly failed: readonly string[];
}

/** A job in the timeline of a run. */
export interface TimelineJob {
  readonly job: string;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  /** The outcome in `job.finished`, or `skipped` or `blocked`; null while it is under way. */
  readonly outcome: string | null;
  readonly message: string | null;
}

/** GET /api/runs/:id : `:id` is the id of a run, or its unambiguous beginning. */
export interface RunAnswer {
  readonly run: RunRow;
  /** Of the stream. */
  readonly seq: number;
  /** The `seq` of the last recorded event. */
  readonly last_event: number;
  readonly jobs: readonly TimelineJob[];
  readonly batches: readonly TimelineBatch[];
  /** `action.finished`, `command.finished`, `stage.finished` and `worker.failed` that failed, the first 200. */
  readonly failures: readonly {
    readonly seq: number;
    readonly at: string;
    readonly type: string;
    readonly job: string | null;
    readonly worker: string | null;
    readonly message: string | null;
    readonly output: readonly string[];
  }[];
  readonly warnings: readonly string[];
  /** The summary of `run.finished`; null before. */
  readonly summary: {
    readonly outcome: string;
    readonly promoted: number;
    readonly skipped: number;
    readonly failed: number;
    readonly reverted: number;
    readonly blocked: number;
    readonly duration_ms: number;
    readonly message: string | null;
  } | null;
}

/**
 * GET /api/runs/:id/events?after=&limit=&cursor= : the events after a `seq` (default 0), without `output`, at most
 * `limit` (1 to 5,000, default 1,000). Passing the `cursor` of the previous response is optional, and saves the server
 * a search.
 */
export interface EventsAnswer {
  readonly events: readonly MaandEvent[];
  /** The largest `seq` that was read: `after` of the next request. */
  readonly last: number;
  readonly cursor: number;
  /** Whether there were more when this was read. */
  readonly more: boolean;
  /** Whether the run is over, so that there will never be more. */
  readonly over: boolean;
}

/** A line that a command or hook printed. */
export interface LogLine {
  /** Of its event. */
  readonly seq: number;
  readonly at: string;
  readonly stream: "stdout" | "stderr";
  readonly job: string | null;
  readonly worker: string | null;
  readonly text: string;
}

/**
 * GET /api/runs/:id/log?job=&worker=&before=&after=&limit= : lines of output, oldest first. Without `before` and
 * `after`, the last lines. Both are positions from an earlier response. `limit`: 1 to 2,000, default 200. A response
 * may have fewer lines, or even none, although there are more. In this case, request more from its position.
 */
export interface LogAnswer {
  readonly lines: readonly LogLine[];
  /** `before` of the lines above these; null at the beginning. */
  readonly before: number | null;
  /** `after` of the lines below these; request them when the stream reports new events. */
  readonly after: number;
  /** The size of the complete record, to show the relative position of `after`. */
  readonly size: number;
}
