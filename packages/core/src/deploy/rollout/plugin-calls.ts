/**
 * Calls of a plugin into something it was given for a while. They go one after another, also when the plugin does not wait
 * for them; after one that failed no other begins, even if the plugin passes over that.
 */
export class PluginCalls {
  readonly #what: string;
  #last: Promise<void> = Promise.resolve();
  #failure: { readonly cause: unknown } | undefined;
  #ended = false;

  /** `what` they are about, for a call that comes too late. */
  constructor(what: string) {
    this.#what = what;
  }

  /** Does the work of one call when those before it are done. A plugin that ignores the answer is not crashed by it. */
  run(work: () => Promise<void>): Promise<void> {
    const call = this.#ended ? Promise.reject(this.#tooLate()) : this.#last.then(() => this.#next(work));
    const settled = call.catch((cause: unknown) => {
      this.#failure ??= { cause };
    });
    if (!this.#ended) this.#last = settled;
    return call;
  }

  /** Waits for calls that the plugin did not wait for, and allows no more. Throws the first failure of all. */
  async end(): Promise<void> {
    for (let last: unknown; last !== this.#last; ) {
      last = this.#last;
      await last;
    }
    this.#ended = true;
    if (this.#failure) throw this.#failure.cause;
  }

  #tooLate(): Error {
    return new Error(`${this.#what} is over: wait for every call before the tap returns`);
  }

  #next(work: () => Promise<void>): Promise<void> {
    return this.#failure ? Promise.reject(this.#failure.cause) : work();
  }
}
