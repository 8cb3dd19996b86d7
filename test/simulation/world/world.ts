import type { SimulatedProcess } from "./process.ts";
import { Random } from "./random.ts";

/** A future event. */
export interface Event {
  at: number;
  readonly tie: number;
  /**
   * The process whose code the event runs. The event is delayed while the process is frozen, and dropped once it is
   * dead.
   */
  readonly owner: SimulatedProcess | undefined;
  /**
   * Whether the event runs only code of the simulation, so that it also happens while the thread of a process waits for
   * its database.
   */
  readonly isOutside: boolean;
  isCancelled: boolean;
  readonly run: () => void;
}

const afterAllElse = setImmediate;

/**
 * The scheduler of a simulation: one clock, one queue of events, one source of random numbers. It runs one event after
 * another, and waits until all code that an event has started is idle before the next event.
 */
export class World {
  readonly random: Random;
  readonly trace: string[] = [];
  /** Milliseconds since the simulation began. */
  now = 0;
  /** The process whose code is running. */
  current: SimulatedProcess | undefined;
  readonly #queue: Event[] = [];

  constructor(seed: number) {
    this.random = new Random(seed);
  }

  note(text: string): void {
    this.trace.push(`${this.now.toFixed(3)} ${text}`);
  }

  /** Schedules code of a process. */
  after(ms: number, owner: SimulatedProcess, run: () => void): Event {
    return this.#add(ms, { owner, isOutside: false, run });
  }

  /**
   * Schedules an event outside of the code of processes: on workers, in networks and databases. It is dropped when
   * `owner` dies.
   */
  outside(ms: number, run: () => void, owner?: SimulatedProcess): Event {
    return this.#add(ms, { owner, isOutside: true, run });
  }

  sleep(ms: number, owner: SimulatedProcess): Promise<void> {
    return new Promise((resolve) => void this.after(ms, owner, resolve));
  }

  /**
   * Blocks the thread of the process for a time. Meanwhile, no code of any process runs, but all events outside of
   * processes continue.
   */
  block(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const at = this.#queue.findIndex(
        ({ isOutside, isCancelled, owner }) => isOutside && !isCancelled && !owner?.isDead,
      );
      const event = this.#queue[at];
      if (!event || event.at > end) break;
      this.#queue.splice(at, 1);
      if (!this.#isReady(event)) continue;
      this.now = Math.max(this.now, event.at);
      event.run();
    }
    this.now = Math.max(this.now, end);
  }

  /** Runs events until the promise settles. */
  async runUntil(done: Promise<unknown>, limitMs: number): Promise<void> {
    let isDone = false;
    done.then(
      () => (isDone = true),
      () => (isDone = true),
    );
    await this.#rest();
    while (!isDone) {
      const event = this.#queue.shift();
      if (!event) throw new Error("the simulation has no more events, but has not ended");
      if (event.at > limitMs) throw new Error(`the simulation did not end within ${limitMs} ms`);
      if (!this.#isReady(event)) continue;
      this.now = Math.max(this.now, event.at);
      this.current = event.owner;
      event.run();
      if (!event.isOutside) await this.#rest();
      this.current = undefined;
    }
  }

  /** Whether an event from the queue can happen now. Delays an event of a frozen process. */
  #isReady(event: Event): boolean {
    const { owner } = event;
    if (event.isCancelled || owner?.isDead) return false;
    if (!owner || owner.frozenUntil <= Math.max(this.now, event.at)) return true;
    event.at = owner.frozenUntil;
    this.#insert(event);
    return false;
  }

  #add(ms: number, event: Pick<Event, "owner" | "isOutside" | "run">): Event {
    const added = { ...event, at: this.now + Math.max(0, ms), tie: this.random.next(), isCancelled: false };
    this.#insert(added);
    return added;
  }

  #insert(event: Event): void {
    const isLater = (other: Event) => other.at > event.at || (other.at === event.at && other.tie > event.tie);
    const at = this.#queue.findIndex(isLater);
    if (at === -1) this.#queue.push(event);
    else this.#queue.splice(at, 0, event);
  }

  /** Waits until all promises and callbacks have run. */
  async #rest(): Promise<void> {
    for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => afterAllElse(resolve));
  }
}
