/**
 * Calls that a plugin makes through an object that it may use for a limited time. The calls run one after another, even
 * if the plugin does not await them. After one call fails, no other call starts, even if the plugin ignores the
 * failure.
 */
export class PluginCalls {
  readonly #what: string;
  #last: Promise<void> = Promise.resolve();
  #failure: { readonly cause: unknown } | undefined;
  #ended = false;

  /** `what` describes the object, for the error of a late call. */
  constructor(what: string) {
    this.#what = what;
  }

  /**
   * Runs one call after the earlier ones are done. A plugin that ignores the returned promise does not crash on its
   * rejection.
   */
  run(work: () => Promise<void>): Promise<void> {
    const call = this.#ended ? Promise.reject(this.#tooLate()) : this.#last.then(() => this.#next(work));
    const settled = call.catch((cause: unknown) => {
      this.#failure ??= { cause };
    });
    if (!this.#ended) this.#last = settled;
    return call;
  }

  /**
   * Waits for the calls that the plugin did not await, and refuses further ones. Throws the first failure of all calls.
   */
  async end(): Promise<void> {
    for (let last: unknown; last !== this.#last; ) {
      last = this.#last;
      await last;
    }
    this.#ended = true;
    if (this.#failure) throw this.#failure.cause;
  }

  /** Prevents further calls from starting. Waiting calls fail with the same cause. */
  stop(cause: unknown): void {
    this.#failure ??= { cause };
  }

  #tooLate(): Error {
    return new Error(`${this.#what} has ended: await every call before the tap returns`);
  }

  #next(work: () => Promise<void>): Promise<void> {
    return this.#failure ? Promise.reject(this.#failure.cause) : work();
  }
}
