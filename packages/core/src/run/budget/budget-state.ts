import type { Seen } from "../../domain/budget/away.ts";
import type { UnderWay } from "../../domain/budget/never-with.ts";

/** What a run knows about availability besides the records: what it has seen, and what it has taken down itself. */
export class BudgetState {
  /** Everything is granted, and reported (`--ignore-budget`). */
  isIgnored = false;
  /** What the budget would have refused, in sentences. */
  readonly ignored = new Set<string>();
  /** Jobs whose health was checked for a request of this run. */
  readonly checked = new Set<string>();
  /** Jobs that this run is changing. */
  readonly underWay = new Set<UnderWay>();
  readonly #seen = new Map<string, Map<string, Seen>>();
  readonly #down = new Map<string, Map<string, string>>();

  /** Notes what a check has shown; a later observation replaces an earlier one. */
  saw(job: string, host: string, seen: Seen): void {
    of(this.#seen, job).set(host, seen);
  }

  seen(job: string, host: string): Seen | undefined {
    return this.#seen.get(job)?.get(host);
  }

  /** This run takes an allocation down; `by` is what it does. What was seen of it before no longer holds. */
  takeDown(job: string, host: string, by: string): void {
    of(this.#down, job).set(host, by);
    this.#seen.get(job)?.delete(host);
  }

  /** An allocation that this run took down is back, or is not to come back. */
  bringBack(job: string, host: string): void {
    this.#down.get(job)?.delete(host);
  }

  /** What this run has taken down, by host, with what it does. */
  down(job: string): ReadonlyMap<string, string> {
    return this.#down.get(job) ?? new Map();
  }
}

function of<Value>(all: Map<string, Map<string, Value>>, job: string): Map<string, Value> {
  const found = all.get(job) ?? new Map<string, Value>();
  all.set(job, found);
  return found;
}
