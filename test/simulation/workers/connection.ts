import type { SimulatedProcess } from "../world/process.ts";
import type { World } from "../world/world.ts";

/** The behaviour of the network between a process and a worker. */
export interface NetworkFaults {
  reaches(process: SimulatedProcess, host: string): boolean;
  readonly areOn: boolean;
}

/** The maximum time until one side detects the loss of the other. */
const NOTICED_WITHIN_MS = 30_000;

/**
 * A connection of a process to a worker. Messages arrive in order, or the connection is lost. Each side detects the
 * loss independently, at different times.
 */
export class Connection {
  readonly #world: World;
  readonly #process: SimulatedProcess;
  readonly #host: string;
  readonly #faults: NetworkFaults;
  readonly #up: (() => void)[] = [];
  readonly #down: (() => void)[] = [];
  readonly #onWorkerNotices: (() => void)[] = [];
  readonly #onProcessNotices = new Set<() => void>();
  /** Whether messages on the way to the worker no longer arrive. */
  #isCut = false;
  /** The time when the last message on the way to the worker arrives. */
  #lastUp = 0;
  /** Whether the connection is closed for new messages. */
  isLost = false;

  constructor(world: World, process: SimulatedProcess, host: string, faults: NetworkFaults) {
    this.#world = world;
    this.#process = process;
    this.#host = host;
    this.#faults = faults;
    process.onDeath(() => this.#end(false));
  }

  /** Runs a function on the worker when a message arrives there. */
  toWorker(run: () => void): void {
    this.#send(this.#up, run, undefined);
  }

  /** Runs code of the process when an answer arrives there. */
  toProcess(run: () => void): void {
    this.#send(this.#down, run, this.#process);
  }

  /** Calls a function when the worker detects the loss of the connection. */
  onWorkerNotices(listener: () => void): void {
    this.#onWorkerNotices.push(listener);
  }

  /** Calls a function when the process detects the loss. Returns a function that cancels this. */
  onProcessNotices(listener: () => void): () => void {
    this.#onProcessNotices.add(listener);
    return () => this.#onProcessNotices.delete(listener);
  }

  /** Loses the connection, and drops the messages that are on their way. */
  lose(): void {
    this.#end(true);
  }

  /** Ends the connection. Messages that a process sent before its death still arrive, because its system sends them. */
  #end(isCut: boolean): void {
    if (this.isLost) return;
    this.isLost = true;
    this.#isCut = isCut;
    const { random } = this.#world;
    const late = () => (random.chance(0.7) ? random.between(1, 200) : random.between(200, NOTICED_WITHIN_MS));
    const inFlight = isCut ? 0 : Math.max(0, this.#lastUp - this.#world.now);
    this.#world.outside(inFlight + late(), () => {
      for (const listener of this.#onWorkerNotices.splice(0)) listener();
    });
    this.#world.after(late(), this.#process, () => {
      for (const listener of [...this.#onProcessNotices]) listener();
      this.#onProcessNotices.clear();
    });
  }

  #send(queue: (() => void)[], run: () => void, owner: SimulatedProcess | undefined): void {
    if (this.isLost) return;
    if (!this.#faults.reaches(this.#process, this.#host)) {
      this.lose();
      return;
    }
    queue.push(run);
    const { random } = this.#world;
    const wait = this.#faults.areOn ? random.delay() : random.between(1, 5);
    const deliver = () => {
      if (!this.#isCut) queue.shift()?.();
    };
    if (owner) this.#world.after(wait, owner, deliver);
    else {
      this.#lastUp = Math.max(this.#lastUp, this.#world.now + wait);
      this.#world.outside(wait, deliver);
    }
  }
}
