import { basename } from "node:path";
import type { Program } from "@maand/command";
import type { Plans } from "../act/plans.ts";
import type { FleetAnswer, JobAnswer, PlansAnswer, RunAnswer, RunsAnswer, WorkerAnswer } from "../contract.ts";
import type { BucketSource } from "./bucket-source.ts";
import { type FleetFilter, fleetAnswer } from "./fleet.ts";
import { type FleetSnapshot, fleetSnapshot } from "./fleet-picture.ts";
import { jobAnswer, workerAnswer } from "./places.ts";
import { runAnswer } from "./run.ts";
import { type RunsFilter, runRows } from "./run-rows.ts";

/** The answers that are read from what is stored. An unchanged store is read once for all browsers. */
export class Answers {
  readonly #source: BucketSource;
  readonly #status: Program["status"];
  readonly #now: () => Date;
  readonly #seq: () => number;
  #fleet: { readonly mark: string; readonly at: string; readonly snapshot: Promise<FleetSnapshot> } | undefined;
  #lastStatus: { readonly mark: string; readonly until: number; readonly answer: Promise<object> } | undefined;

  constructor(source: BucketSource, status: Program["status"], now: () => Date, seq: () => number) {
    this.#source = source;
    this.#status = status;
    this.#now = now;
    this.#seq = seq;
  }

  /** The id, name and directory of the bucket. */
  bucket(): Promise<{ readonly id: string; readonly name: string; readonly directory: string }> {
    const { root } = this.#source.paths;
    return this.#source.read((store) => ({ id: store.bucket.read()?.id ?? "", name: basename(root), directory: root }));
  }

  async fleet(filter: FleetFilter): Promise<FleetAnswer> {
    const seq = this.#seq();
    const { at, snapshot } = this.#snapshot();
    return fleetAnswer((await snapshot).picture, filter, { seq, at });
  }

  /** As `maand status --json`. The workspace may change without the store: it is looked at again after a few seconds. */
  status(): Promise<object> {
    const mark = this.#source.mark();
    const now = this.#now();
    if (this.#lastStatus?.mark !== mark || this.#lastStatus.until < now.getTime()) {
      const answer = this.#source.read((store) => this.#status(store, this.#source.paths, now).then(shortened));
      this.#lastStatus = { mark, until: now.getTime() + STATUS_MS, answer };
      answer.catch(() => {
        this.#lastStatus = undefined;
      });
    }
    return this.#lastStatus.answer;
  }

  async job(name: string): Promise<JobAnswer> {
    const seq = this.#seq();
    const fleet = await this.#snapshot().snapshot;
    return this.#source.read((store) => jobAnswer({ store, logs: this.#logs, fleet, seq }, name));
  }

  async worker(host: string): Promise<WorkerAnswer> {
    const seq = this.#seq();
    const fleet = await this.#snapshot().snapshot;
    return this.#source.read((store) => workerAnswer({ store, logs: this.#logs, fleet, seq }, host));
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

  /** The fleet as the store has it now. */
  #snapshot() {
    const mark = this.#source.mark();
    if (this.#fleet?.mark === mark) return this.#fleet;
    const snapshot = this.#source.read(fleetSnapshot);
    this.#fleet = { mark, at: this.#now().toISOString(), snapshot };
    snapshot.catch(() => {
      this.#fleet = undefined;
    });
    return this.#fleet;
  }

  get #logs(): string {
    return this.#source.paths.logs;
  }
}

const STATUS_MS = 5_000;
/** Entries of each list of a status; `attention` says how many there are, and the fleet lists them all. */
const LISTED = 200;

function shortened(status: object): object {
  return Object.fromEntries(
    Object.entries(status).map(([key, value]) => [key, Array.isArray(value) ? value.slice(0, LISTED) : value]),
  );
}
