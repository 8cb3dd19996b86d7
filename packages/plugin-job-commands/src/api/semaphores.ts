import { Refusal } from "./refusal.ts";

/** The maximum capacity of a semaphore. */
export const MOST_SLOTS = 64;

/** A process that holds or waits for semaphores. */
export interface Holder {
  readonly allocationId: string;
}

/** The requested capacity and the timeout. */
export interface Acquisition {
  /** The scope of a name: run, job and event. */
  readonly scope: object;
  readonly name: string;
  readonly holder: Holder;
  readonly capacity: number;
  readonly timeoutMs: number;
  /** Aborts when the client stops waiting. */
  readonly signal: AbortSignal;
}

/** The state of a semaphore. */
export interface SemaphoreStatus {
  readonly name: string;
  readonly capacity: number;
  /** The ids of the allocations that hold it. */
  readonly holders: readonly string[];
  readonly waiting: number;
  readonly available: number;
}

interface Waiter {
  readonly holder: Holder;
  grant(): void;
  refuse(cause: Refusal): void;
}

interface Semaphore {
  readonly capacity: number;
  readonly holders: Set<Holder>;
  readonly waiters: Waiter[];
}

/**
 * The semaphores of hook processes, in memory. Slots are granted in the order of requests. A waiting request is either
 * granted or refused, never both. The slots of a process are released when it ends. A semaphore without holders and
 * waiting requests is deleted.
 */
export class Semaphores {
  readonly #scopes = new WeakMap<object, Map<string, Semaphore>>();

  /** Waits for a slot; `fresh` is false if it was already held. Throws 408, and 409 for another capacity. */
  async acquire(wanted: Acquisition): Promise<{ readonly fresh: boolean }> {
    const { scope, name, holder, capacity } = wanted;
    const semaphore = this.#of(scope).get(name) ?? this.#open(scope, name, capacity);
    if (semaphore.capacity !== capacity)
      throw new Refusal(409, `semaphore ${name} was opened with capacity ${semaphore.capacity}, not ${capacity}`);
    if (semaphore.holders.has(holder)) return { fresh: false };
    if (semaphore.holders.size < semaphore.capacity && semaphore.waiters.length === 0) semaphore.holders.add(holder);
    else await this.#wait(semaphore, wanted);
    return { fresh: true };
  }

  /** Releases a slot; returns whether it was held. */
  release(scope: object, name: string, holder: Holder): boolean {
    const semaphore = this.#of(scope).get(name);
    if (!semaphore?.holders.delete(holder)) return false;
    this.#settle(scope, name, semaphore);
    return true;
  }

  /** Releases all slots of a process that has ended, and cancels its waits. */
  leave(scope: object, holder: Holder): void {
    for (const [name, semaphore] of this.#of(scope)) {
      for (const waiter of semaphore.waiters.filter((one) => one.holder === holder))
        waiter.refuse(new Refusal(408, `the process that waited for ${name} ended`));
      semaphore.holders.delete(holder);
      this.#settle(scope, name, semaphore);
    }
  }

  status(scope: object, name: string): SemaphoreStatus {
    const { capacity, holders, waiters } = this.#of(scope).get(name) ?? fresh(1);
    const ids = [...holders].map(({ allocationId }) => allocationId);
    return { name, capacity, holders: ids, waiting: waiters.length, available: capacity - ids.length };
  }

  #wait(semaphore: Semaphore, { scope, name, holder, timeoutMs, signal }: Acquisition): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", gone);
        const at = semaphore.waiters.indexOf(waiter);
        if (at !== -1) semaphore.waiters.splice(at, 1);
      };
      const waiter: Waiter = {
        holder,
        grant() {
          leave();
          semaphore.holders.add(holder);
          resolve();
        },
        refuse: (cause) => {
          leave();
          reject(cause);
          this.#settle(scope, name, semaphore);
        },
      };
      const late = () => waiter.refuse(new Refusal(408, `semaphore ${name} was not free within ${timeoutMs / 1000} s`));
      const gone = () => waiter.refuse(new Refusal(408, `no script uses the semaphore ${name} any longer`));
      const timer = setTimeout(late, timeoutMs);
      semaphore.waiters.push(waiter);
      signal.addEventListener("abort", gone, { once: true });
      if (signal.aborted) gone();
    });
  }

  /** Grants free slots in order; deletes a semaphore that is no longer used. */
  #settle(scope: object, name: string, semaphore: Semaphore): void {
    while (semaphore.holders.size < semaphore.capacity) {
      const next = semaphore.waiters[0];
      if (!next) break;
      next.grant();
    }
    const known = this.#of(scope);
    if (semaphore.holders.size === 0 && known.get(name) === semaphore) known.delete(name);
  }

  #open(scope: object, name: string, capacity: number): Semaphore {
    const semaphore = fresh(capacity);
    this.#of(scope).set(name, semaphore);
    return semaphore;
  }

  #of(scope: object): Map<string, Semaphore> {
    const known = this.#scopes.get(scope) ?? new Map<string, Semaphore>();
    this.#scopes.set(scope, known);
    return known;
  }
}

function fresh(capacity: number): Semaphore {
  return { capacity, holders: new Set(), waiters: [] };
}
