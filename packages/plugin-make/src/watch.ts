import type { ErrorCode } from "@maand/core";

/** What may end a request before its time. */
export type Cut = Extract<ErrorCode, "TIMED_OUT" | "INTERRUPTED" | "DISCONNECTED">;

/** A longer timer would go off at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** What may end a request before its time: the run's own end, and our clock, which backs the runner's up. */
export class Watch {
  readonly #signal: AbortSignal;
  readonly #timers: NodeJS.Timeout[] = [];
  #settle: (cut: Cut) => void = () => {};

  /** Settles with what ended it; never, when nothing does. */
  readonly cut = new Promise<Cut>((resolve) => {
    this.#settle = resolve;
  });

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#abort, { once: true });
    if (signal.aborted) this.#abort();
  }

  get aborted(): boolean {
    return this.#signal.aborted;
  }

  limit(ms: number): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    this.#timers.push(setTimeout(() => this.#settle("TIMED_OUT"), Math.min(ms, LONGEST_MS)));
  }

  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#signal.removeEventListener("abort", this.#abort);
  }

  /** Waits for something, but no longer than this. */
  atMost(ms: number, promise: Promise<unknown>): Promise<unknown> {
    const late = new Promise((resolve) => this.#timers.push(setTimeout(resolve, ms)));
    return Promise.race([promise, late]);
  }

  readonly #abort = (): void => this.#settle("INTERRUPTED");
}
