/** A state that begins with an event of a run. */
export interface Change {
  /** The sequence number of the event. */
  readonly seq: number;
  /** Its time in milliseconds. */
  readonly at: number;
  readonly state: string;
  /** What is done or went wrong, in a few words. */
  readonly note: string;
}

/** A batch of a rollout. */
export interface BatchFacts {
  readonly job: string;
  /** Counted from 0. */
  readonly index: number;
  readonly count: number;
  /** `new` or `update`. */
  readonly phase: string;
  readonly workers: readonly string[];
  readonly begin: Change;
}

/** A batch and its end. */
export interface Batch extends BatchFacts {
  /** When its workers were promoted, or its job ended without that; undefined while it is under way. */
  end: Change | undefined;
}

/** A job in a run: what became of it, its batches, and each of its allocations. */
export interface JobHistory {
  readonly name: string;
  /** The wave it belongs to, from 1; 0 outside of waves. */
  wave: number;
  /** Allocations that the run changes, since the event that said so. */
  planned: { readonly seq: number; readonly total: number } | undefined;
  readonly changes: Change[];
  readonly batches: Batch[];
  readonly workers: Map<string, Change[]>;
}

/** Something that failed, with its last lines of output. */
export interface Failure {
  readonly seq: number;
  readonly at: number;
  readonly what: string;
  /** Empty if it concerns no single job; likewise for the worker. */
  readonly job: string;
  readonly worker: string;
  readonly message: string;
  readonly hint: string;
  readonly output: readonly string[];
}

/**
 * What happened in a run: each change of a state, with the event that made it. Events append to it and nothing is taken back, so
 * that it can be shown as it was after any of them.
 */
export class RunHistory {
  /** The sequence number of the last event; 0 before the first. */
  seq = 0;
  startedAt: number | undefined;
  /** The time of the last event, in milliseconds. */
  at = 0;
  command = "";
  /** The events, as pairs of number and time. */
  readonly times: Pick<Change, "seq" | "at">[] = [];
  /** Set by the event that ends the run. */
  end: Change | undefined;
  wave = 0;
  readonly jobs = new Map<string, JobHistory>();
  readonly failures: Failure[] = [];
  readonly warnings: { readonly seq: number; readonly message: string }[] = [];

  /** The job of this name, which is added if it is new. */
  job(name: string): JobHistory {
    const known = this.jobs.get(name);
    if (known) return known;
    const added: JobHistory = {
      name,
      wave: this.wave,
      planned: undefined,
      changes: [],
      batches: [],
      workers: new Map(),
    };
    this.jobs.set(name, added);
    return added;
  }

  /** Records the state of a job from now on. */
  setJob(name: string, state: string, note = ""): void {
    this.job(name).changes.push(this.change(state, note));
  }

  /** Records the state of an allocation from now on. */
  setWorker(job: string, worker: string, state: string, note = ""): void {
    const { workers } = this.job(job);
    const changes = workers.get(worker);
    if (changes) changes.push(this.change(state, note));
    else workers.set(worker, [this.change(state, note)]);
  }

  /** A change with the position of the event that is being folded. */
  change(state: string, note = ""): Change {
    return { seq: this.seq, at: this.at, state, note };
  }
}

/** The change that holds after the event `seq`: the last one up to it; undefined before the first. */
export function changeAt<T extends { readonly seq: number }>(changes: readonly T[], seq: number): T | undefined {
  let [low, high] = [0, changes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((changes[middle]?.seq ?? 0) <= seq) low = middle + 1;
    else high = middle;
  }
  return changes[low - 1];
}
