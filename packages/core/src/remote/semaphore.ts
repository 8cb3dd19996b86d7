/** Lets at most `limit` callers hold a slot at the same time; the others wait in order of arrival. */
export class Semaphore {
  #limit: number;
  #held = 0;
  readonly #waiting = new Set<() => void>();
  /**
   * The waiting callers, by signal. Each signal has only one listener, because Node would report a leak for one
   * listener per caller, and adding listeners would become slower.
   */
  readonly #leaving = new Map<AbortSignal, { readonly callers: Set<() => void>; readonly listener: () => void }>();

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
    return new Promise((resolve, reject) => {
      const admit = () => {
        if (signal) this.#forget(signal, leave);
        resolve(this.#take());
      };
      const leave = () => {
        this.#waiting.delete(admit);
        reject(signal?.reason);
      };
      if (signal) this.#leaveOnAbort(signal, leave);
      this.#waiting.add(admit);
    });
  }

  /** Lowers the limit. Slots that are held are not affected. */
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
      if (this.#held < this.#limit) this.#admitNext();
    };
  }

  #admitNext(): void {
    const [next] = this.#waiting;
    if (next === undefined) return;
    this.#waiting.delete(next);
    next();
  }

  #leaveOnAbort(signal: AbortSignal, leave: () => void): void {
    const known = this.#leaving.get(signal);
    if (known) {
      known.callers.add(leave);
      return;
    }
    const callers = new Set([leave]);
    const listener = () => {
      this.#leaving.delete(signal);
      for (const one of callers) one();
    };
    this.#leaving.set(signal, { callers, listener });
    signal.addEventListener("abort", listener, { once: true });
  }

  #forget(signal: AbortSignal, leave: () => void): void {
    const known = this.#leaving.get(signal);
    if (!known?.callers.delete(leave) || known.callers.size > 0) return;
    signal.removeEventListener("abort", known.listener);
    this.#leaving.delete(signal);
  }
}
