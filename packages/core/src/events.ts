import type { OperationEvents } from "./operation-events.ts";
import type { Outcome, SummaryRecord } from "./run-result.ts";

/**
 * The fields of each event, in addition to those that every event has. EVENTS.md lists the same fields, for readers of
 * `--json`.
 */
export interface EventMap extends OperationEvents {
  "run.started": {
    readonly command: string;
    readonly bucket: string;
    readonly update_seq: number;
    readonly continues: string | null;
  };
  "run.finished": SummaryRecord & {
    /** The reason for the refusal. */
    readonly message: string | null;
    readonly duration_ms: number;
  };
  warning: {
    readonly code: string;
    readonly message: string;
    readonly worker: string | null;
    readonly job: string | null;
  };
  "tap.waiting": {
    readonly plugin: string;
    readonly hook: string;
    /** `api@10.0.0.1`, `api` or `10.0.0.1`; empty for the whole run. */
    readonly units: readonly string[];
    readonly waited_ms: number;
    readonly limit_ms: number;
    /** Whether the run was interrupted and they have not stopped yet. */
    readonly stopping: boolean;
  };
  "worker.connected": { readonly worker: string; readonly transport: string; readonly duration_ms: number };
  "worker.failed": {
    readonly worker: string;
    readonly outcome: Outcome;
    readonly message: string;
    readonly hint: string | null;
  };
  "worker.checked": {
    readonly worker: string;
    readonly ok: boolean;
    /** How the worker differs from its last sync; null if it does not. */
    readonly message: string | null;
    readonly duration_ms: number;
  };
  "wave.started": { readonly deployment_seq: number; readonly jobs: readonly string[] };
  "job.skipped": { readonly job: string; readonly reason: string };
  "job.blocked": { readonly job: string; readonly by: string };
  "job.started": {
    readonly job: string;
    readonly allocations: number;
    readonly batches: number;
    readonly stops_when: string;
  };
  "job.finished": {
    readonly job: string;
    readonly outcome: Outcome;
    readonly message: string | null;
    readonly duration_ms: number;
  };
  "revert.started": {
    readonly job: string;
    /** `r14`. */
    readonly from: string;
    /** `r12`; null if nothing ran before. In this case, everything that was started is stopped. */
    readonly to: string | null;
    readonly workers: readonly string[];
    readonly reason: string;
  };
  "revert.finished": {
    readonly job: string;
    readonly from: string;
    readonly to: string | null;
    readonly outcome: "reverted" | "revert_failed";
    /** Why it failed, and which release runs on which worker. */
    readonly message: string | null;
    readonly duration_ms: number;
  };
  /** A staged rollout begins a step that rolls something out. */
  "rollout.step": {
    readonly job: string;
    /** `r14`. */
    readonly release: string;
    /** Counted from 1. */
    readonly step: number;
    readonly steps: number;
    /** As written in the manifest: `25%`. */
    readonly size: string;
    readonly workers: readonly string[];
  };
  /** The allocations of a step are checked for health repeatedly. */
  "rollout.soaking": {
    readonly job: string;
    readonly step: number;
    readonly steps: number;
    readonly seconds: number;
  };
  /** A staged rollout waits for a fixed time. */
  "rollout.waiting": {
    readonly job: string;
    readonly step: number;
    readonly steps: number;
    readonly until: string;
    readonly remaining_ms: number;
  };
  /** A staged rollout waits for manual approval. */
  "rollout.paused": {
    readonly job: string;
    readonly release: string;
    /** The release that an abort restores; null if unknown. */
    readonly previous: string | null;
    readonly step: number;
    readonly steps: number;
    readonly since: string;
    /** Workers that it has not reached. */
    readonly waiting: readonly string[];
  };
  "stage.started": { readonly worker: string; readonly jobs: readonly string[]; readonly update_seq: number };
  "stage.finished": {
    readonly worker: string;
    readonly jobs: readonly string[];
    readonly outcome: Outcome;
    readonly message: string | null;
    readonly duration_ms: number;
  };
  "batch.started": {
    readonly job: string;
    readonly index: number;
    readonly count: number;
    readonly phase: "new" | "update";
    readonly workers: readonly string[];
  };
  "batch.promoted": {
    readonly job: string;
    readonly index: number;
    readonly count: number;
    readonly workers: readonly string[];
  };
  "action.started": {
    readonly job: string;
    readonly worker: string;
    readonly action: string;
    readonly current_version: string;
    readonly new_version: string;
    /** The number of the run whose step it continues; null for a new step. */
    readonly resumes: number | null;
  };
  "action.finished": {
    readonly job: string;
    readonly worker: string;
    readonly action: string;
    readonly outcome: Outcome;
    readonly exit: number | null;
    readonly message: string | null;
    readonly output: readonly string[];
    readonly duration_ms: number;
  };
  "allocation.marked_stopped": {
    readonly job: string;
    readonly worker: string;
    /** The reason for the stop. */
    readonly reason: string;
    /** The user that recorded it. */
    readonly by: string;
  };
  "command.started": {
    readonly job: string;
    readonly worker: string;
    readonly command: string;
    readonly event: string;
  };
  "command.finished": {
    readonly job: string;
    readonly worker: string;
    readonly command: string;
    readonly event: string;
    readonly outcome: Outcome;
    readonly exit: number | null;
    readonly message: string | null;
    readonly output: readonly string[];
    readonly duration_ms: number;
  };
  "health.started": { readonly job: string };
  "health.checked": {
    readonly job: string;
    readonly worker: string;
    readonly check: string;
    readonly target: string;
    readonly ok: boolean;
    readonly message: string;
  };
  "health.finished": {
    readonly job: string;
    readonly outcome: "passed" | "failed" | "skipped";
    readonly message: string | null;
    readonly duration_ms: number;
  };
  "script.planned": {
    readonly workers: readonly string[];
    readonly batches: number;
    readonly concurrency: number;
    readonly stops_when: string;
  };
  "script.started": { readonly worker: string; readonly script: string };
  "script.finished": {
    readonly worker: string;
    readonly outcome: Outcome;
    readonly exit: number | null;
    readonly message: string | null;
    readonly output: readonly string[];
    readonly duration_ms: number;
  };
  output: {
    readonly line: string;
    readonly stream: "stdout" | "stderr";
    readonly worker: string | null;
    readonly job: string | null;
  };
  "plugin.event": {
    readonly name: string;
    readonly data: EventData;
    readonly worker: string | null;
    readonly job: string | null;
  };
}

/** The data of a plugin's event: plain values by name. */
export type EventData = Readonly<Record<string, string | number | boolean | null>>;

export type EventType = keyof EventMap;

/** Fields of every event. */
export interface EventBase {
  /** Counted from 1 within a run. */
  readonly seq: number;
  /** UTC, `YYYY-MM-DDTHH:MM:SS.mmmZ`. */
  readonly at: string;
  /** Id of the run. */
  readonly run: string;
}

/** One event: a closed union, discriminated by `type`. */
export type MaandEvent = { [T in EventType]: EventBase & { readonly type: T } & EventMap[T] }[EventType];

/** Emits one event; only the engine calls it. */
export type Emit = <T extends EventType>(type: T, fields: EventMap[T]) => void;
