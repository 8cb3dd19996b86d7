import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { MaandEvent } from "@maand/core";
import type { RunRecords } from "@maand/core/readonly";
import type { Answers } from "../read/answers.ts";
import type { BucketSource } from "../read/bucket-source.ts";
import { eventsAfter, lastEvent } from "../record/events.ts";
import { openRecord, recordPath } from "../record/record-file.ts";
import type { Wakes } from "./wakes.ts";

/** Milliseconds between two checks while a stream is open. */
const EVERY_MS = 500;
/** Milliseconds between two checks of a database, and after a failed one. */
const PULL_MS = 2_000;
const AWAY_MS = 30_000;
/** The minimum time between two messages about the store, in milliseconds. */
const STORE_MS = 2_000;
/** The pause after a message about the store is the time for uncached responses, multiplied by this factor. */
const PAUSE_FACTOR = 100;
/** The minimum time between two messages about a run, in milliseconds. */
const RUN_MS = 1_000;
/** The maximum number of events that are read together. */
const EVENTS = 5_000;
/** The number of newest records that are followed. */
const FOLLOWED = 20;

/** The last known state of a record. */
interface Seen {
  readonly size: number;
  readonly over: boolean;
  /** The time from which the stream may report it again. */
  readonly next: number;
  /** The last event that was read, and the position after it; undefined before the first. */
  readonly last: number | undefined;
  readonly cursor: number;
}

const UNSEEN: Seen = { size: 0, over: false, next: 0, last: 0, cursor: 0 };

/** The watched objects. */
export interface Watched {
  readonly source: BucketSource;
  readonly wakes: Wakes;
  /** Receives the events of runs. */
  readonly answers: Pick<Answers, "overlay" | "expire" | "takeIsBehind">;
  /** Records of runs on other machines; undefined if there are none. */
  readonly records: RunRecords | undefined;
  readonly now: () => number;
  /** Reports that a check failed; the next check retries. */
  failed(cause: unknown): void;
}

/**
 * Checks whether the store or the records of runs have changed, and notifies the streams. Checks only while a stream is
 * open. A browser opens its stream before it fetches anything, so that it does not miss a change in between.
 */
export class BucketWatch {
  readonly #watched: Watched;
  readonly #runs = new Map<string, Seen>();
  #mark = "";
  #runsMark = "";
  #nextStore = 0;
  #nextPull = 0;
  #isPulling = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), EVERY_MS);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#watched.records?.close();
  }

  /** Call this before a stream opens: changes from now on are reported. */
  beforeStream(): void {
    if (this.#watched.wakes.open > 0) return;
    this.#mark = this.#markOfStore();
    this.#takeIn();
    for (const run of this.#runs.keys()) this.#runs.set(run, { ...UNSEEN, size: this.#sizeOf(run), last: undefined });
  }

  /** Checks once. */
  async look(): Promise<void> {
    const { wakes, failed } = this.#watched;
    if (wakes.open === 0 || this.#isPulling) return;
    this.#isPulling = true;
    try {
      await this.#pull();
    } catch (cause) {
      failed(cause); // local data can still be read
    } finally {
      this.#isPulling = false;
    }
    try {
      this.#lookAtRuns();
      this.#lookAtStore();
    } catch (cause) {
      failed(cause);
    }
  }

  async #pull(): Promise<void> {
    const { records, source, now } = this.#watched;
    if (!records || now() < this.#nextPull) return;
    this.#nextPull = now() + AWAY_MS;
    await records.pull();
    source.pull();
    this.#nextPull = now() + PULL_MS;
  }

  #lookAtStore(): void {
    const { source, wakes, answers, now } = this.#watched;
    if (now() < this.#nextStore) return;
    const mark = this.#markOfStore();
    const isBehind = answers.takeIsBehind();
    if (mark === this.#mark && !isBehind) return;
    this.#mark = mark;
    this.#nextStore = now() + Math.max(STORE_MS, source.takeCost() * PAUSE_FACTOR);
    wakes.tell({ kind: "fleet" });
  }

  #lookAtRuns(): void {
    if (this.#markOfRuns() !== this.#runsMark) this.#takeIn();
    for (const [run, seen] of this.#runs) if (!seen.over) this.#lookAtRun(run, seen);
  }

  /** Adds new runs, and removes runs whose records were deleted. */
  #takeIn(): void {
    this.#runsMark = this.#markOfRuns();
    const newest = this.#runsMark === "" ? [] : newestIn(this.#directory);
    for (const run of [...this.#runs.keys()]) if (!newest.includes(run)) this.#runs.delete(run);
    for (const run of newest) if (!this.#runs.has(run)) this.#runs.set(run, UNSEEN);
  }

  #lookAtRun(run: string, seen: Seen): void {
    const size = this.#sizeOf(run);
    const now = this.#watched.now();
    if (size === seen.size || now < seen.next) return;
    const { answers, wakes, source } = this.#watched;
    const record = openRecord(recordPath(source.paths.logs, run));
    if (!record) return;
    try {
      const after = seen.last ?? (lastEvent(record)?.seq ?? 1) - 1;
      const { events, last, cursor, over, more } = eventsAfter(record, { after, limit: EVENTS, cursor: seen.cursor });
      for (const event of events) answers.overlay.add(event);
      if (over || events.some(isTurn)) answers.expire();
      this.#runs.set(run, { size: more ? -1 : size, over, next: now + RUN_MS, last, cursor }); // if there are more, the next check reads them
      if (last > after) wakes.tell({ kind: "run", run, last_event: last });
    } finally {
      record.close();
    }
  }

  #markOfStore(): string {
    const { source, answers } = this.#watched;
    return `${source.mark()} ${answers.overlay.version}`;
  }

  get #directory(): string {
    return join(this.#watched.source.paths.logs, "runs");
  }

  #markOfRuns(): string {
    return String(statSync(this.#directory, { throwIfNoEntry: false })?.mtimeMs ?? "");
  }

  #sizeOf(run: string): number {
    return statSync(recordPath(this.#watched.source.paths.logs, run), { throwIfNoEntry: false })?.size ?? 0;
  }
}

/** Whether the fleet must be read soon after an event, because the events do not show its effect on the allocations. */
function isTurn(event: MaandEvent): boolean {
  if (event.type === "job.finished") return event.outcome !== "ok";
  return event.type === "revert.finished" || event.type === "rollout.paused";
}

function newestIn(directory: string): string[] {
  return readdirSync(directory)
    .map((id) => ({ id, at: statSync(join(directory, id), { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => b.at - a.at)
    .slice(0, FOLLOWED)
    .map(({ id }) => id);
}
