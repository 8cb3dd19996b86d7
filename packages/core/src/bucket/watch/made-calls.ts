/** A call to a function of the context, or a promise that the tap chained to such a call. */
export interface TapCall {
  readonly name: string;
  /** Why the call failed. */
  cause: unknown;
  /** Resolves when the call has settled. */
  settled: Promise<void>;
  /** Whether the tap uses its result. */
  isHandled: boolean;
}

/** The calls that one tap has made through its context, and their results. */
export class MadeCalls {
  readonly #running = new Set<TapCall>();
  readonly #failed: TapCall[] = [];
  #isOver = false;

  /** Calls that are running. */
  get running(): readonly TapCall[] {
    return [...this.#running];
  }

  /** Failed calls, in the order of their failures. */
  get failed(): readonly TapCall[] {
    return this.#failed;
  }

  /** Adds a call. Returns the promise that the tap gets for it. */
  follow<T>(name: string, work: Promise<T>): Promise<T> {
    if (this.#isOver) return work;
    const call: TapCall = { name, cause: undefined, settled: Promise.resolve(), isHandled: false };
    this.#running.add(call);
    call.settled = work.then(
      () => void this.#running.delete(call),
      (cause: unknown) => {
        this.#running.delete(call);
        this.#failed.push(Object.assign(call, { cause }));
      },
    );
    return ownPromise(
      work,
      () => {
        call.isHandled = true;
      },
      (next) => this.follow(name, next),
    );
  }

  /** Resolves when no call is running. A call can make other calls before it ends; these count too. */
  async settled(): Promise<void> {
    while (this.#running.size > 0) for (const call of this.running) await call.settled;
    this.#isOver = true;
  }
}

/**
 * The promise that a tap gets for a call. It records the promises that are chained to it, and whether the tap uses its
 * result, as `await` and `Promise.all` do. It never causes an unhandled rejection, which would end the process.
 */
function ownPromise<T>(
  work: Promise<T>,
  onHandled: () => void,
  chain: <N>(next: Promise<N>) => Promise<N>,
): Promise<T> {
  work.catch(() => undefined);
  return new Proxy(work, {
    get(target, name, receiver) {
      if (name !== "then") return Reflect.get(target, name, receiver);
      return (onDone: (value: T) => unknown, onFailed: (cause: unknown) => unknown) => {
        onHandled();
        return chain(target.then(onDone, onFailed));
      };
    },
  });
}
