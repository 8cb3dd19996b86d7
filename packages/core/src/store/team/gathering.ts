interface Waiting {
  /** Runs the work within the transaction. */
  run(): void;
  /** Returns the result to the caller, after it is stored. */
  done(): void;
  fail(cause: unknown): void;
}

/**
 * Collects, for a moment, work that needs a transaction, and runs it in one transaction. Work that throws does not
 * affect the other work.
 */
export class Gathering {
  readonly #transaction: (work: () => void) => void;
  readonly #windowMs: number;
  #waiting: Waiting[] = [];

  /** Work waits `windowMs` milliseconds for other work. */
  constructor(transaction: (work: () => void) => void, windowMs: number) {
    this.#transaction = transaction;
    this.#windowMs = windowMs;
  }

  /** Runs `work` in the next transaction. Resolves when it is stored. */
  add<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let result: T;
      const run = () => {
        result = work();
      };
      if (this.#waiting.length === 0) setTimeout(() => this.#runAll(), this.#windowMs);
      this.#waiting.push({ run, done: () => resolve(result), fail: reject });
    });
  }

  #runAll(): void {
    const all = this.#waiting;
    this.#waiting = [];
    try {
      this.#transaction(() => {
        for (const { run } of all) run();
      });
    } catch (cause) {
      if (all.length === 1) all[0]?.fail(cause);
      else for (const one of all) this.#runAlone(one);
      return;
    }
    for (const { done } of all) done();
  }

  #runAlone({ run, done, fail }: Waiting): void {
    try {
      this.#transaction(run);
    } catch (cause) {
      fail(cause);
      return;
    }
    done();
  }
}
