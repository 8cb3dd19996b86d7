import { basename } from "node:path";
import type { Program } from "@maand/command";
import type { Plans } from "../act/plans.ts";
import type { FleetAnswer, JobAnswer, PlansAnswer, RunAnswer, RunsAnswer, WorkerAnswer } from "../contract.ts";
import type { BucketSource } from "./bucket-source.ts";
import { type FleetFilter, fleetAnswer } from "./fleet.ts";
import { FleetOverlay } from "./fleet-overlay.ts";
import { type FleetSnapshot, fleetSnapshot } from "./fleet-picture.ts";
import { KeptView } from "./kept-view.ts";
import { jobAnswer, type PlaceSource, workerAnswer } from "./places.ts";
import { runAnswer } from "./run.ts";
import { type RunsFilter, runRows } from "./run-rows.ts";

/** The options for reading responses. */
export interface AnswersOptions {
  readonly source: BucketSource;
  readonly status: Program["status"];
  readonly now: () => Date;
  /** The sequence number of the stream. */
  readonly seq: () => number;
  /** Whether pages follow changes. */
  readonly isFollowed: () => boolean;
}

/** The responses that are read from stored data. An unchanged store is read once for all browsers. */
export class Answers {
  readonly #source: BucketSource;
  readonly #seq: () => number;
  readonly #fleet: KeptView<FleetSnapshot>;
  readonly #status: KeptView<object>;
  /** The changes by runs since the fleet was read. */
  readonly overlay = new FleetOverlay();

  constructor({ source, status, now, seq, isFollowed }: AnswersOptions) {
    const clock = { now: () => now().getTime(), isFollowed };
    this.#source = source;
    this.#seq = seq;
    this.#fleet = new KeptView(source, clock, (store) => {
      this.overlay.clear();
      return fleetSnapshot(store);
    });
    this.#status = new KeptView(source, clock, async (store) => shortened(await status(store, source.paths, now())));
  }

  /** The id, name and directory of the bucket. */
  bucket(): Promise<{ readonly id: string; readonly name: string; readonly directory: string }> {
    const { root } = this.#source.paths;
    return this.#source.read((store) => ({ id: store.bucket.read()?.id ?? "", name: basename(root), directory: root }));
  }

  async fleet(filter: FleetFilter): Promise<FleetAnswer> {
    const seq = this.#seq();
    const { at, value } = this.#fleet.get();
    const { picture } = await value;
    return fleetAnswer(this.overlay.over(picture), filter, { seq, at: new Date(at).toISOString() });
  }

  /**
   * The status, as in `maand status --json`. The workspace may change without the store, so it is read again after a
   * few seconds.
   */
  status(): Promise<object> {
    return this.#status.get(STATUS_MS).value;
  }

  async job(name: string): Promise<JobAnswer> {
    return this.#place((source) => jobAnswer(source, name));
  }

  async worker(host: string): Promise<WorkerAnswer> {
    return this.#place((source) => workerAnswer(source, host));
  }

  /** Call this when a run has ended: the next request reads everything again. */
  expire(): void {
    this.#fleet.expire();
    this.#status.expire();
  }

  /** Whether an earlier response is out of date and can be read again; true once for each read. */
  takeIsBehind(): boolean {
    return this.#fleet.takeIsBehind() || this.#status.takeIsBehind();
  }

  async #place<T>(answer: (source: PlaceSource) => T): Promise<T> {
    const seq = this.#seq();
    const fleet = await this.#fleet.get().value;
    return this.#source.read((store) => answer({ store, logs: this.#logs, fleet, overlay: this.overlay, seq }));
  }

  async runs(filter: RunsFilter): Promise<RunsAnswer> {
    const seq = this.#seq();
    const found = await this.#source.read((store) =>
      runRows(store, this.#logs, { ...filter, limit: filter.limit + 1 }),
    );
    const runs = found.slice(0, filter.limit);
    return { seq, runs, next: found.length > filter.limit ? (runs.at(-1)?.number ?? null) : null };
  }

  run(id: string): Promise<RunAnswer> {
    return this.#source.read((store) => runAnswer(store, this.#logs, id, this.#seq()));
  }

  async plans(plans: Plans): Promise<PlansAnswer> {
    const seq = this.#seq();
    return { seq, plans: await this.#source.read((store) => plans.rows(store)) };
  }

  get #logs(): string {
    return this.#source.paths.logs;
  }
}

const STATUS_MS = 5_000;
/**
 * The maximum number of entries in each list of a status; `attention` has their number, and the fleet lists all of
 * them.
 */
const LISTED = 200;

function shortened(status: object): object {
  return Object.fromEntries(
    Object.entries(status).map(([key, value]) => [key, Array.isArray(value) ? value.slice(0, LISTED) : value]),
  );
}
