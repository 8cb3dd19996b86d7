import type { Flaw } from "../flaw.ts";
import type { World } from "../world/world.ts";

/** The receipt of a step of a job on a worker: a claim, or the result. */
export interface SimulatedReceipt {
  readonly boot: number;
  readonly code?: number;
  readonly isCut?: boolean;
  readonly isVoid?: boolean;
  /** Whether the store has the result. */
  readonly isSettled?: boolean;
}

/** The real state of a job on a worker, whatever the store says. */
export interface JobThere {
  /** The version of its files; undefined before the first sync. */
  files: string | undefined;
  /** The version that runs. */
  running: string | undefined;
}

/** A lifecycle command on a worker. */
export interface SimulatedCommand {
  readonly host: string;
  readonly job: string;
  readonly target: string;
  /** The step; undefined for a command by hand. */
  readonly step: string | undefined;
  /** The number and holder of the maand command that requested it; empty if the request contains none. */
  readonly by: string;
}

/** An observer of everything that happens on workers. */
export interface WorkerObserver {
  began(command: SimulatedCommand): void;
  /** A lifecycle command ended. `code` is undefined if the worker lost power. */
  ended(command: SimulatedCommand, code: number | undefined): void;
  /** A maand command synced files. */
  synced(host: string, by: string): void;
  /** The record of the worker was replaced. */
  fenced(host: string, before: string, after: string): void;
}

/** Steps on the worker. Between two steps, the worker waits for the yielded milliseconds. */
export type Steps<T = void> = Generator<number, T>;

/**
 * A simulated worker with the files of a bucket, receipts, locks and running jobs. Everything on it runs in steps that
 * can wait, as in the runner of plugin-make, and ends when the worker loses power.
 */
export class Worker {
  readonly host: string;
  readonly world: World;
  readonly observer: WorkerObserver;
  readonly flaw: Flaw | undefined;
  readonly jobs = new Map<string, JobThere>();
  /** Commands that hold the lock of their job. */
  readonly locks = new Set<string>();
  /** The file `fence`. */
  fence = "";
  /** Whether a sync holds the stage lock. */
  isStaging = false;
  /** Whether the bucket's directory exists. */
  exists = false;
  workerJson = "";
  /** The hash of the runner program that it keeps, even after a loss of power. */
  program = "";
  boot = 1;
  readonly #durable = new Map<string, SimulatedReceipt>();
  /** Receipts that are not on the disk yet. */
  readonly #unsynced = new Map<string, SimulatedReceipt>();
  readonly #receipts = [this.#unsynced, this.#durable] as const;
  readonly #running = new Set<SimulatedCommand>();

  constructor(world: World, host: string, options: { observer: WorkerObserver; flaw: Flaw | undefined }) {
    this.world = world;
    this.host = host;
    this.observer = options.observer;
    this.flaw = options.flaw;
  }

  job(name: string): JobThere {
    const found = this.jobs.get(name) ?? { files: undefined, running: undefined };
    this.jobs.set(name, found);
    return found;
  }

  /** Runs steps until they end, or until the worker loses power. */
  run<T>(steps: Steps<T>, ended: (value: T) => void = () => {}): void {
    const { boot } = this;
    const advance = () => {
      if (this.boot !== boot) return;
      const next = steps.next();
      if (next.done) ended(next.value);
      else this.world.outside(next.value, advance);
    };
    advance();
  }

  receipt(job: string, step: string): SimulatedReceipt | undefined {
    const name = `${job} ${step}`;
    return this.#unsynced.get(name) ?? this.#durable.get(name);
  }

  writeReceipt(job: string, step: string, receipt: SimulatedReceipt): void {
    const name = `${job} ${step}`;
    if (this.flaw === "claim-not-synced") this.#unsynced.set(name, receipt);
    else this.#durable.set(name, receipt);
  }

  /**
   * Marks the receipt of a step whose result is in the store. The receipt remains until the next step of the job
   * begins.
   */
  settleReceipt(job: string, step: string): void {
    const name = `${job} ${step}`;
    for (const receipts of this.#receipts) {
      const receipt = receipts.get(name);
      if (this.flaw === "receipt-deleted-early") receipts.delete(name);
      else if (receipt && !receipt.isVoid) receipts.set(name, { ...receipt, isSettled: true });
    }
  }

  /** Deletes settled receipts of a job, which are out of date when its next step begins. */
  dropSettled(job: string, step: string): void {
    for (const receipts of this.#receipts)
      for (const [name, { isSettled }] of [...receipts])
        if (isSettled && name.startsWith(`${job} `) && name !== `${job} ${step}`) receipts.delete(name);
  }

  /** Deletes all receipts of a job, which are out of date after a command by hand. */
  dropReceipts(job: string): void {
    for (const receipts of this.#receipts)
      for (const name of [...receipts.keys()]) if (name.startsWith(`${job} `)) receipts.delete(name);
  }

  /** Writes the record of a command. */
  writeFence(text: string): void {
    this.observer.fenced(this.host, lineOf(this.fence), lineOf(text));
    this.fence = text;
  }

  begin(command: SimulatedCommand): void {
    this.#running.add(command);
    this.observer.began(command);
  }

  end(command: SimulatedCommand, code: number): void {
    if (this.#running.delete(command)) this.observer.ended(command, code);
  }

  /**
   * Loses power and starts again immediately. Loses everything that was not on the disk, and starts the jobs, as
   * systems do.
   */
  losePower(): void {
    this.boot += 1;
    this.#unsynced.clear();
    this.locks.clear();
    this.isStaging = false;
    for (const command of [...this.#running]) {
      this.#running.delete(command);
      this.observer.ended(command, undefined);
    }
  }
}

/** The first line of a record: number and holder. */
export function lineOf(text: string): string {
  return text.split("\n")[0] ?? "";
}
