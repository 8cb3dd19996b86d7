/** A state that begins with an event of a run. */
export interface Change {
  /** The sequence number of the event. */
  readonly seq: number;
  /** Its time in milliseconds. */
  readonly at: number;
  readonly state: string;
  /** A short text about the current work or the failure. */
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
  /** The time when its workers were promoted, or its job ended without that; undefined while the batch is under way. */
  end: Change | undefined;
}

/** A job in a run: its result, its batches, and each of its allocations. */
export interface JobHistory {
  readonly name: string;
  /** The wave of the job, from 1; 0 outside of waves. */
  wave: number;
  /** The number of allocations that the run changes, since the event that reported it. */
  planned: { readonly seq: number; readonly total: number } | undefined;
  readonly changes: Change[];
  readonly batches: Batch[];
  readonly workers: Map<string, Change[]>;
}

/** A failure, with its last lines of output. */
export interface Failure {
  readonly seq: number;
  readonly at: number;
  readonly what: string;
  /** Empty if the failure does not concern a single job or worker. */
  readonly job: string;
  readonly worker: string;
  readonly message: string;
  readonly hint: string;
  readonly output: readonly string[];
}

/**
 * The history of a run: each change of a state, with its event. Events only add to the history, so the page can show
 * the run in its state after any event.
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

  /** The job of this name; a new job is added. */
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

/** The last change up to the event `seq`; undefined before the first change. */
export function changeAt<T extends { readonly seq: number }>(changes: readonly T[], seq: number): T | undefined {
  let [low, high] = [0, changes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((changes[middle]?.seq ?? 0) <= seq) low = middle + 1;
    else high = middle;
  }
  return changes[low - 1];
}
