import type { Seen } from "../../domain/budget/away.ts";
import type { UnderWay } from "../../domain/budget/never-with.ts";

/**
 * The state of availability that a run keeps in addition to the records: the results of its own checks, and the
 * allocations that it has taken down.
 */
export class BudgetState {
  /** Whether requests that the budget would refuse are granted and reported (`--ignore-budget`). */
  isIgnored = false;
  /** Requests that the budget would have refused, one sentence each. */
  readonly ignored = new Set<string>();
  /** Jobs whose health was checked for a request of this run. */
  readonly checked = new Set<string>();
  /** Jobs that this run is changing. */
  readonly underWay = new Set<UnderWay>();
  readonly #seen = new Map<string, Map<string, Seen>>();
  readonly #down = new Map<string, Map<string, string>>();

  /** Records the result of a check; a later observation replaces an earlier one. */
  saw(job: string, host: string, seen: Seen): void {
    of(this.#seen, job).set(host, seen);
  }

  seen(job: string, host: string): Seen | undefined {
    return this.#seen.get(job)?.get(host);
  }

  /**
   * Records that this run takes an allocation down; `by` names the action. Discards earlier observations of the
   * allocation.
   */
  takeDown(job: string, host: string, by: string): void {
    of(this.#down, job).set(host, by);
    this.#seen.get(job)?.delete(host);
  }

  /** Forgets that this run took an allocation down, because it is available again or its records now count instead. */
  bringBack(job: string, host: string): void {
    this.#down.get(job)?.delete(host);
  }

  /** The allocations that this run has taken down: the action, by host. */
  down(job: string): ReadonlyMap<string, string> {
    return this.#down.get(job) ?? new Map();
  }
}

function of<Value>(all: Map<string, Map<string, Value>>, job: string): Map<string, Value> {
  const found = all.get(job) ?? new Map<string, Value>();
  all.set(job, found);
  return found;
}
