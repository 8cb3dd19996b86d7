import type { ErrorCode } from "@maand/core";

/** Reasons to stop a request early. */
export type CutoffCode = Extract<ErrorCode, "TIMED_OUT" | "INTERRUPTED" | "DISCONNECTED">;

/** A longer timer would fire immediately. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Stops waiting for a request if the run is interrupted, or after a local timeout, which applies if the timeout of the
 * runner has no effect.
 */
export class Cutoff {
  readonly #signal: AbortSignal;
  readonly #timers: NodeJS.Timeout[] = [];
  #settle: (code: CutoffCode) => void = () => {};

  /** Resolves with the reason; never if there is none. */
  readonly reached = new Promise<CutoffCode>((resolve) => {
    this.#settle = resolve;
  });

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener("abort", this.#abort, { once: true });
    if (signal.aborted) this.#abort();
  }

  /** Whether the run was interrupted. */
  get interrupted(): boolean {
    return this.#signal.aborted;
  }

  /** Sets the timeout, counted from now. */
  limit(ms: number): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
    this.#timers.push(setTimeout(() => this.#settle("TIMED_OUT"), Math.min(ms, LONGEST_MS)));
  }

  /** Waits for a promise, but no longer than until the cutoff. */
  atMost(ms: number, promise: Promise<unknown>): Promise<unknown> {
    const late = new Promise((resolve) => this.#timers.push(setTimeout(resolve, ms)));
    return Promise.race([promise, late]);
  }

  /** Stops its timers and no longer listens to the signal. */
  close(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#signal.removeEventListener("abort", this.#abort);
  }

  readonly #abort = (): void => this.#settle("INTERRUPTED");
}
