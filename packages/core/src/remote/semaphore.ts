/** Lets at most `limit` callers hold a slot at the same time; the others wait in order of arrival. */
export class Semaphore {
  #limit: number;
  #held = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The number of held slots. */
  get held(): number {
    return this.#held;
  }

  /**
   * Waits for a slot; call the returned function to release it. Rejects with the signal's reason if the signal aborts
   * first.
   */
  acquire(signal?: AbortSignal): Promise<() => void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.#held < this.#limit) return Promise.resolve(this.#take());
    // a separate signal, because a listener per caller on the run's signal would look like a leak to Node
    const own = signal && AbortSignal.any([signal]);
    return new Promise((resolve, reject) => {
      const admit = () => {
        own?.removeEventListener("abort", leave);
        resolve(this.#take());
      };
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(admit), 1);
        reject(signal?.reason);
      };
      own?.addEventListener("abort", leave, { once: true });
      this.#waiting.push(admit);
    });
  }

  /** Lowers the limit; held slots stay held. */
  lower(limit: number): void {
    this.#limit = Math.max(1, Math.min(this.#limit, limit));
  }

  #take(): () => void {
    this.#held++;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#held--;
      if (this.#held < this.#limit) this.#waiting.shift()?.();
    };
  }
}
