import type { MaandEvent } from "@maand/core";
import type { EventMap, EventType } from "@maand/core/internal";

/** 2026-01-31T12:00:00Z. */
export const START = Date.UTC(2026, 0, 31, 12);

/** An event of a type, `at` seconds after the start of the run. */
export type At = <T extends EventType>(seconds: number, type: T, fields: EventMap[T]) => void;

/** The events that `emit` describes, with sequence numbers and times like events of the engine. */
export function eventsOf(emit: (at: At) => void): MaandEvent[] {
  const events: MaandEvent[] = [];
  emit((seconds, type, fields) => {
    const base = { seq: events.length + 1, at: new Date(START + seconds * 1000).toISOString(), run: "r" };
    events.push(eventOf({ ...base, type, ...fields }));
  });
  return events;
}

function eventOf(value: object): MaandEvent {
  if (!isEvent(value)) throw new Error("not an event");
  return value;
}

function isEvent(value: object): value is MaandEvent {
  return "type" in value && "seq" in value;
}

export function started(at: At, command = "deploy"): void {
  at(0, "run.started", { command, bucket: "b", update_seq: 1, continues: null });
}

export function actionStarted(at: At, seconds: number, action: string, job: string, worker: string): void {
  at(seconds, "action.started", {
    ...{ job, worker, action },
    current_version: "1.0.0",
    new_version: "1.1.0",
    resumes: null,
  });
}

export function actionFinished(
  at: At,
  seconds: number,
  action: string,
  job: string,
  worker: string,
  failure?: { readonly message: string; readonly output: readonly string[] },
): void {
  at(seconds, "action.finished", {
    ...{ job, worker, action },
    outcome: failure === undefined ? "ok" : "failed",
    exit: failure === undefined ? 0 : 2,
    message: failure?.message ?? null,
    output: failure?.output ?? [],
    duration_ms: 1500,
  });
}

/** `10.0.0.1`, `10.0.0.2`, ... */
export function workers(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `10.0.${Math.floor(at / 250)}.${(at % 250) + 1}`);
}

/** Events in which the files of some jobs arrive on all workers, except on the last `missing` workers. */
export function staged(at: At, seconds: number, hosts: readonly string[], jobs: readonly string[], missing = 0): void {
  for (const worker of hosts) at(seconds, "worker.connected", { worker, transport: "ssh", duration_ms: 200 });
  for (const worker of hosts) at(seconds, "stage.started", { worker, jobs, update_seq: 2 });
  for (const worker of hosts.slice(0, hosts.length - missing))
    at(seconds + 1, "stage.finished", { worker, jobs, outcome: "ok", message: null, duration_ms: 900 });
}

export function jobStarted(at: At, seconds: number, job: string, allocations: number, batches: number): void {
  at(seconds, "job.started", { job, allocations, batches, stops_when: "a command of one batch fails" });
}

export function batch(at: At, seconds: number, job: string, index: number, count: number, hosts: readonly string[]) {
  at(seconds, "batch.started", { job, index, count, phase: "update", workers: hosts });
}
