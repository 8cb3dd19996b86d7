import type { MaandEvent } from "@maand/core";
import type { RunAnswer, TimelineBatch, TimelineJob } from "../contract.ts";

/** The timeline of a run, from its events. */
export type Timeline = Pick<RunAnswer, "jobs" | "batches" | "failures" | "warnings" | "summary">;

/** The maximum number of listed failures and warnings; the events have all of them. */
const LISTED = 200;
/** Outcomes that are not failures. */
const FINE: ReadonlySet<string> = new Set(["ok", "skipped", "paused", "passed"]);

type Changing<T> = { -readonly [K in keyof T]: T[K] };
type Batch = Changing<Omit<TimelineBatch, "failed">> & { failed: string[] };
type Of<T extends MaandEvent["type"]> = Extract<MaandEvent, { readonly type: T }>;

/** Folds the events of a run, one after the other. */
export class TimelineFold {
  readonly #jobs = new Map<string, Changing<TimelineJob>>();
  readonly #batches: Batch[] = [];
  readonly #failures: RunAnswer["failures"][number][] = [];
  readonly #warnings: string[] = [];
  #summary: RunAnswer["summary"] = null;

  add(event: MaandEvent): void {
    switch (event.type) {
      case "job.started":
        this.#job(event.job).started_at = event.at;
        break;
      case "job.finished":
        Object.assign(this.#job(event.job), {
          finished_at: event.at,
          outcome: event.outcome,
          message: event.message,
        });
        break;
      case "job.skipped":
        Object.assign(this.#job(event.job), { outcome: "skipped", message: event.reason });
        break;
      case "job.blocked":
        Object.assign(this.#job(event.job), { outcome: "blocked", message: `waits for ${event.by}` });
        break;
      case "batch.started":
        this.#begin(event);
        break;
      case "batch.promoted":
        this.#promote(event);
        break;
      case "action.finished":
      case "command.finished":
      case "stage.finished":
      case "worker.failed":
        if (!FINE.has(event.outcome)) this.#fail(event);
        break;
      case "warning":
        if (this.#warnings.length < LISTED) this.#warnings.push(event.message);
        break;
      case "run.finished":
        this.#summary = summaryOf(event);
        break;
      default:
    }
  }

  end(): Timeline {
    return {
      jobs: [...this.#jobs.values()],
      batches: this.#batches,
      failures: this.#failures,
      warnings: this.#warnings,
      summary: this.#summary,
    };
  }

  #job(name: string): Changing<TimelineJob> {
    const known = this.#jobs.get(name);
    if (known) return known;
    const made = { job: name, started_at: null, finished_at: null, outcome: null, message: null };
    this.#jobs.set(name, made);
    return made;
  }

  #begin({ job, index, count, phase, workers, at }: Of<"batch.started">): void {
    this.#batches.push({ job, index, count, phase, workers, started_at: at, promoted_at: null, failed: [] });
  }

  #promote({ job, index, at }: Of<"batch.promoted">): void {
    const batch = this.#batches.findLast((one) => one.job === job && one.index === index);
    if (batch) batch.promoted_at = at;
  }

  #fail(event: Of<"action.finished" | "command.finished" | "stage.finished" | "worker.failed">): void {
    const job = "job" in event ? event.job : null;
    const { worker } = event;
    const batch = this.#batches.findLast((one) => one.job === job && one.workers.includes(worker));
    if (batch && batch.promoted_at === null && !batch.failed.includes(worker)) batch.failed.push(worker);
    if (this.#failures.length >= LISTED) return;
    const output = "output" in event ? event.output : [];
    this.#failures.push({
      seq: event.seq,
      at: event.at,
      type: event.type,
      job,
      worker,
      message: event.message,
      output,
    });
  }
}

function summaryOf(event: Of<"run.finished">): RunAnswer["summary"] {
  const { outcome, promoted, skipped, failed, reverted, blocked, duration_ms, message } = event;
  return { outcome, promoted, skipped, failed, reverted, blocked, duration_ms, message };
}
