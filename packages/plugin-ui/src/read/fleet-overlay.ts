import type { MaandEvent } from "@maand/core";
import { type FleetPicture, levelOfNote } from "./fleet-picture.ts";
import { CHANGING, FAILED, mostUrgent, STATES, stateOf } from "./states.ts";

/** Actions whose resulting state is in the events: the job runs the planned version. */
const STARTS: ReadonlySet<string> = new Set(["start", "restart", "reload"]);

/** Outcomes of a command that has certainly failed; others leave it in doubt. */
const FAILURES: ReadonlySet<string> = new Set(["failed", "timed_out"]);

/**
 * The changes by runs since the fleet was read, from their events. Reading a large fleet takes a long time, so it is
 * read rarely while runs are followed. In between, this shows what is being changed and what was promoted. Any other
 * change appears with the next read.
 */
export class FleetOverlay {
  /** Keys of states by job, by worker. */
  readonly #keys = new Map<string, Map<string, string>>();
  /** Increases with every change. */
  #version = 0;

  get version(): number {
    return this.#version;
  }

  /** Applies an event of a run. */
  add(event: MaandEvent): void {
    if (event.type === "action.started" && STARTS.has(event.action)) this.#set(event.worker, event.job, CHANGING);
    else if (event.type === "action.finished" && FAILURES.has(event.outcome))
      this.#set(event.worker, event.job, FAILED);
    else if (event.type === "action.finished" && event.outcome !== "ok") this.#delete(event.worker, event.job);
    else if (event.type === "batch.promoted")
      for (const worker of event.workers) this.#set(worker, event.job, "promoted");
  }

  /** Call this when the fleet was read: it then includes these changes. */
  clear(): void {
    this.#keys.clear();
  }

  /** The key of an allocation, if events have changed it. */
  keyOf(job: string, worker: string): string | undefined {
    return this.#keys.get(worker)?.get(job);
  }

  /** A fleet with these changes. */
  over(picture: FleetPicture): FleetPicture {
    if (this.#keys.size === 0) return picture;
    const columns = new Map(picture.jobs.map(({ name }, at) => [name, at]));
    const signs = new Map<string, string>();
    const counts = picture.jobs.map((job) => new Map(Object.entries(job.counts)));
    for (const { key, sign } of STATES) signs.set(sign, key);
    const workers = picture.workers.map((worker) => {
      const changed = this.#keys.get(worker.host);
      if (!changed) return worker;
      const cells = [...worker.cells];
      for (const [job, key] of changed) {
        const at = columns.get(job);
        if (at === undefined) continue;
        move(counts[at], signs.get(cells[at] ?? ""), key);
        cells[at] = stateOf(key).sign;
      }
      const levels = [...new Set(cells)].map((sign) => stateOf(signs.get(sign) ?? sign).level);
      return { ...worker, cells: cells.join(""), level: mostUrgent([...levels, levelOfNote(worker.note)]) };
    });
    const jobs = picture.jobs.map((job, at) => ({ ...job, counts: Object.fromEntries(counts[at] ?? []) }));
    return { ...picture, workers, jobs };
  }

  #set(worker: string, job: string, key: string): void {
    const keys = this.#keys.get(worker) ?? new Map<string, string>();
    this.#keys.set(worker, keys.set(job, key));
    this.#version += 1;
  }

  #delete(worker: string, job: string): void {
    if (this.#keys.get(worker)?.delete(job)) this.#version += 1;
  }
}

/** Counts an allocation under another key. */
function move(counts: Map<string, number> | undefined, from: string | undefined, to: string): void {
  if (!counts || from === to) return;
  if (from !== undefined) counts.set(from, Math.max(0, (counts.get(from) ?? 0) - 1));
  counts.set(to, (counts.get(to) ?? 0) + 1);
}
