/**
 * What the server of `maand ui` and its page say to each other, as JSON below `/api/`. Names are as in the other JSON of maand. Times
 * are UTC, `2026-01-31T12:00:00.000Z`; durations are milliseconds; what is absent is null. A worker is named by its host.
 *
 * Reading: GET with the cookie of the session. Writing: POST with a JSON body (`content-type: application/json`) and the header
 * {@link CSRF_HEADER}. Everything else is refused. Every refusal is an {@link ErrorAnswer} with a status of 400 or more.
 */
import type { MaandEvent } from "@maand/core";

/** The header of every POST; its value is `csrf` of the session. */
export const CSRF_HEADER = "x-maand-csrf";

/** What a page may be allowed to do. `pause` includes resuming and aborting staged rollouts. */
export type Verb = "deploy" | "rollback" | "pause" | "maintain";

/** All verbs, in the order in which they are shown. */
export const VERBS: readonly Verb[] = ["deploy", "rollback", "pause", "maintain"];

/** How urgent something is: `bad` is wrong, `warn` waits for a decision, `info` explains, `ok` needs nothing, `none` is empty. */
export type Level = "bad" | "warn" | "info" | "ok" | "none";

/** Why a request was refused; `hint` is what to do next. `code` is one of docs/errors.md, or an HTTP reason such as `FORBIDDEN`. */
export interface ErrorAnswer {
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null };
}

/** GET /api/session */
export interface SessionAnswer {
  readonly bucket: { readonly id: string; readonly name: string; readonly directory: string };
  /** Of maand. */
  readonly version: string;
  /** Verbs that this session may use; empty: read-only. */
  readonly allow: readonly Verb[];
  /** The name of a token, or the user that started the server. */
  readonly user: string;
  /** False in an export: there is no server, and nothing changes. */
  readonly live: boolean;
  /** Value of {@link CSRF_HEADER}; empty in an export. */
  readonly csrf: string;
  /** For an export: when it was written, and of which run. */
  readonly exported: { readonly at: string; readonly run: string } | null;
}

/** A state of an allocation, as in a cell of the fleet. */
export interface StateEntry {
  /** As `maand cat deployments` shows it, and `changing` for one that a command works on now; `none`: not placed there. */
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
  /** `removed`: not in the workspace any more; `left_behind`: deploys could not reach it; `maintenance`; null otherwise. */
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

/** GET /api/status : exactly what `maand status --json` prints. */
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

/** An allocation on the pages of its job and of its worker. */
export interface AllocationRow {
  readonly job: string;
  readonly worker: string;
  /** Key of a state of the fleet. */
  readonly state: string;
  readonly running_version: string | null;
  readonly target_version: string | null;
  readonly disabled: boolean;
  readonly removed: boolean;
  readonly in_doubt: boolean;
  /** The last check of its health that is recorded, apart from the state, with the time at which it was made. */
  readonly health: {
    readonly ok: boolean;
    readonly check: string;
    readonly message: string;
    readonly at: string;
  } | null;
}

/** A staged rollout that is not complete. */
export interface RolloutRow {
  readonly job: string;
  readonly release: string;
  readonly version: string;
  readonly previous: string | null;
  readonly state: "paused" | "waiting" | "under_way";
  readonly step: number;
  readonly steps: readonly string[];
  readonly since: string;
  readonly until: string | null;
  readonly started_by: string;
  readonly released: readonly string[];
  readonly waiting: readonly string[];
  readonly text: string;
}

/** GET /api/jobs/:job */
export interface JobAnswer {
  readonly seq: number;
  readonly name: string;
  readonly version: string;
  readonly removed: boolean;
  readonly wave: number;
  readonly selectors: readonly string[];
  readonly demands: readonly string[];
  readonly restart_policy: string;
  /** Sizes of batches, as in the manifest; 0 means all at once. */
  readonly start_batch: number | string;
  readonly upgrade_batch: number | string;
  readonly ports: Readonly<Record<string, number>>;
  /** Why its newest release is not deployed. */
  readonly held: string | null;
  readonly rollout: RolloutRow | null;
  readonly allocations: readonly AllocationRow[];
  /** Newest first. */
  readonly releases: readonly {
    readonly release: string;
    readonly version: string;
    readonly created_at: string;
    readonly created_by: string;
    readonly commit: string | null;
    readonly verdict: "good" | "bad" | "unconfirmed" | "never deployed";
    readonly bad: string | null;
    readonly wanted: boolean;
    readonly held: boolean;
    readonly workers: readonly string[];
  }[];
  /** The newest runs that changed it. */
  readonly runs: readonly RunRow[];
}

/** GET /api/workers/:host */
export interface WorkerAnswer {
  readonly seq: number;
  readonly host: string;
  readonly hostname: string | null;
  readonly position: number;
  readonly zone: string | null;
  readonly labels: readonly string[];
  readonly tags: Readonly<Record<string, string>>;
  readonly cpu_mhz: number;
  readonly memory_mb: number;
  readonly removed: boolean;
  readonly left_behind: {
    readonly since: string;
    readonly last_at: string;
    readonly reason: string;
    readonly times: number;
  } | null;
  /** The state and step of its maintenance, if it is in one. */
  readonly maintenance: {
    readonly state: string;
    readonly step: string | null;
    readonly message: string | null;
  } | null;
  readonly allocations: readonly AllocationRow[];
  readonly runs: readonly RunRow[];
}

/** A command that changed something, or tried to. */
export interface RunRow {
  /** Grows with every command; for paging. */
  readonly number: number;
  /** Of its record, and of /api/runs/:id; null if it has none. */
  readonly id: string | null;
  /** As people name it: run 41. */
  readonly run: number | null;
  readonly command: string;
  readonly user: string | null;
  readonly machine: string | null;
  readonly commit: string | null;
  readonly started_at: string;
  readonly finished_at: string | null;
  readonly duration_ms: number | null;
  /** The outcome; `running` only while its process is known to live; `unknown` if it ended without a result. */
  readonly result: string;
  readonly level: Level;
  readonly jobs: readonly string[] | null;
  readonly workers: readonly string[] | null;
  /** Whether its events can be read here. */
  readonly recorded: boolean;
}

/** GET /api/runs?job=&worker=&before=&limit= : newest first. `before`: smaller numbers only; `limit`: 1 to 500, default 50. */
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
  /** Workers on which a command of it failed. */
  readonly failed: readonly string[];
}

/** A job in the timeline of a run. */
export interface TimelineJob {
  readonly job: string;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  /** As of `job.finished`; `skipped`, `blocked`; null while it is under way. */
  readonly outcome: string | null;
  readonly message: string | null;
}

/** GET /api/runs/:id : id, or its unambiguous beginning. */
export interface RunAnswer {
  readonly run: RunRow;
  /** Of the stream. */
  readonly seq: number;
  /** Of the last event that is recorded. */
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
  /** Of `run.finished`; null before. */
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
 * GET /api/runs/:id/events?after=&limit=&cursor= : the events after a `seq` (default 0), without `output`, at most `limit` (1 to
 * 5,000, default 1,000). `cursor` of the answer before spares the server a search; it is never needed.
 */
export interface EventsAnswer {
  readonly events: readonly MaandEvent[];
  /** The largest `seq` that was looked at: `after` of the next request. */
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
 * GET /api/runs/:id/log?job=&worker=&before=&after=&limit= : lines of output, oldest first. Without `before` and `after` the last
 * ones. Both are positions of an answer. `limit`: 1 to 2,000, default 200. An answer may have fewer lines, even none, although there
 * are more: then ask again from its position.
 */
export interface LogAnswer {
  readonly lines: readonly LogLine[];
  /** `before` of the lines above these; null at the beginning. */
  readonly before: number | null;
  /** `after` of the lines below these; ask again when the stream wakes. */
  readonly after: number;
  /** Characters of the whole record, to show how far down `after` is. */
  readonly size: number;
}

/** What a plan does to one allocation. */
export interface PlanAllocation {
  readonly worker_ip: string;
  readonly action: string;
  readonly reasons: readonly string[];
  /** Files that make it a restart instead of a reload. */
  readonly matched: readonly string[];
  readonly current_version: string;
  readonly new_version: string;
  readonly files: readonly { readonly path: string; readonly change: "added" | "modified" | "deleted" }[];
}

/** GET /api/plan : the plans that were made here, newest first. */
export interface PlansAnswer {
  readonly seq: number;
  readonly plans: readonly PlanRow[];
}

export interface PlanRow {
  /** SHA-256 of the plan; approval and deploy name it. */
  readonly digest: string;
  readonly made_at: string;
  readonly made_by: string;
  /** Whether there is anything to do. */
  readonly required: boolean;
  /** `open`, or `used` by the run with this number. A plan that is out of date is refused when it is deployed, and says why. */
  readonly state: "open" | "used";
  readonly run: number | null;
  /** Allocations by action. */
  readonly actions: Readonly<Record<string, number>>;
  /** For these jobs only; empty: all. */
  readonly jobs: readonly string[];
}

/** GET /api/plan/:digest : digest, or `latest`. */
export interface PlanAnswer extends PlanRow {
  readonly notes: readonly string[];
  readonly waves: readonly {
    readonly deployment_seq: number;
    readonly jobs: readonly {
      readonly job: string;
      readonly required: boolean;
      readonly pre_deploy: "none" | "may change this" | "was run";
      readonly blocked_by: string | null;
      readonly unchanged: number;
      readonly allocations: readonly PlanAllocation[];
      readonly rollout: {
        readonly state: string;
        readonly steps: readonly {
          readonly step: number;
          readonly of: number;
          readonly size: string;
          readonly workers: readonly string[];
        }[];
        readonly waiting: readonly string[];
      } | null;
    }[];
  }[];
  readonly stopping: readonly {
    readonly job: string;
    readonly worker_ip: string;
    readonly stop: boolean;
    readonly remove: boolean;
    readonly reason: string;
  }[];
  readonly undecided: readonly { readonly job: string; readonly message: string }[];
  readonly failures: readonly {
    readonly job: string;
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
  }[];
  readonly held_jobs: readonly { readonly job: string; readonly text: string }[];
}

/** GET /api/plan/:digest/diff?job=&host= : a unified diff for each file; secrets are hidden, and a change of one says so. */
export interface DiffAnswer {
  readonly job: string;
  readonly worker_ip: string;
  readonly files: readonly {
    readonly path: string;
    readonly change: "added" | "modified" | "deleted";
    /** A change of mode or owner, in words. */
    readonly access: string | null;
    readonly diff: string;
  }[];
}

/** POST /api/plan : makes a plan as `maand plan` does, and keeps it. Changes nothing in the bucket. Answers 201 with the PlanRow. */
export interface PlanRequest {
  /** Only these jobs; default all. */
  readonly jobs?: readonly string[];
}

/** GET /api/certificates : as `maand cat certs --json`. */
export interface CertificatesAnswer {
  readonly at: string;
  readonly certificates: readonly {
    readonly scope: "ca" | "job";
    readonly job: string | null;
    readonly worker: string | null;
    readonly cert: string;
    readonly common_name: string | null;
    readonly not_after: string | null;
    readonly days_left: number | null;
    readonly status: "ok" | "not_yet_valid" | "expiring" | "expired" | "invalid";
  }[];
}

/** GET /api/doctor : the findings of the last time; POST /api/doctor with `{}` looks again, which contacts all workers. */
export interface DoctorAnswer {
  /** Null if it was not run here yet. */
  readonly at: string | null;
  /** Whether it runs now; the stream wakes (`doctor`) at the end. */
  readonly running: boolean;
  readonly findings: readonly {
    readonly check: string;
    readonly where: string;
    readonly ok: boolean;
    readonly message: string;
    readonly hint: string | null;
  }[];
  /** Why it could not run at all. */
  readonly problem: string | null;
}

/** What the stream wakes for. `hello` is the first message, and a later one that says nothing but that the connection lives. */
export type WakeKind = "hello" | "fleet" | "run" | "plan" | "doctor";

/**
 * GET /api/stream : server-sent events, one stream per browser. The data of every message is a Wake; it has no content to show, only what
 * to fetch again: `fleet` also covers status, jobs, workers, history and maintenance; `run` has the id of the run with new events.
 * Sequence numbers grow by one for each message but `hello`, which repeats the last one. After a gap, or another `epoch` (the server was
 * started again), fetch everything that is shown.
 */
export interface Wake {
  readonly seq: number;
  readonly epoch: string;
  readonly kind: WakeKind;
  readonly run?: string;
  /** For `run`: the last event that is recorded. */
  readonly last_event?: number;
  readonly at: string;
}

/** POST /api/actions : first without `confirm`, which answers 200 with a ConfirmAnswer; then with its token, which answers 202. */
export type ActionRequest = (
  | { readonly verb: "deploy"; readonly plan: string }
  | { readonly verb: "rollback"; readonly job: string; readonly to?: string }
  /** `interrupt` is Ctrl-C for the command that holds the lock: it stops in order, and the next deploy continues. */
  | { readonly verb: "pause"; readonly action: "interrupt" }
  | { readonly verb: "pause"; readonly action: "resume" | "abort"; readonly job: string }
  | {
      readonly verb: "maintain";
      readonly action: "begin";
      readonly workers: readonly string[];
      readonly reboot: boolean;
      readonly keep_drained: boolean;
      /** Workers at a time; default 1. */
      readonly concurrency?: number;
    }
  | { readonly verb: "maintain"; readonly action: "resume" | "abort" }
) & { readonly confirm?: string };

/** What is about to happen, in the words of the confirmation on a terminal. */
export interface ConfirmAnswer {
  readonly confirm: {
    /** A sentence: what exactly, how many. */
    readonly text: string;
    /** One line for each part. */
    readonly items: readonly string[];
    /** The command line that does the same. */
    readonly command: string;
    /** Good once, for exactly this action, for five minutes. */
    readonly token: string;
  };
}

/** 202: it runs. `run` is the id of its record, or null if it has none yet (the stream wakes when it has). */
export interface StartedAnswer {
  readonly started: { readonly command: string; readonly run: string | null };
}

/** GET /api/actions : what was started here and ended without a record, such as a refused plan; newest first. */
export interface ActionsAnswer {
  readonly actions: readonly {
    readonly command: string;
    readonly started_at: string;
    /** Null while it runs. */
    readonly exit: number | null;
    readonly run: string | null;
    /** Of a refusal or failure. */
    readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
  }[];
}

/**
 * An export is a directory with index.html, the files of the application, and data.js, a classic script that runs before the application
 * and sets {@link EXPORT_NAME} on `globalThis`: the answers by path, such as `"/api/fleet"` or `"/api/runs/<id>/events"`, without query.
 * `"/api/runs/<id>/log"` is all of its lines. A browser does not let a page from `file:` fetch a file, or load a module.
 */
export const EXPORT_NAME = "maandExport";
export type ExportedAnswers = Readonly<Record<string, unknown>>;
