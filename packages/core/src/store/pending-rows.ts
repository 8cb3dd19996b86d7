import type { StoreDatabase } from "./database.ts";

/** Jobs with pending `afterJob` hooks. */
export class PendingAfterRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  all(): Set<string> {
    return new Set(this.#db.all("SELECT job FROM pending_after").map((row) => String(row.job)));
  }

  set(job: string): void {
    this.#db.run("INSERT INTO pending_after (job) VALUES (?) ON CONFLICT (job) DO NOTHING", job);
  }

  clear(job: string): void {
    this.#db.run("DELETE FROM pending_after WHERE job = ?", job);
  }
}

/** When a pending health check is due: before anything else of its job, or with its next batch. */
export type WhenDue = "before anything else" | "with the next batch";

/** Allocations that were promoted, and whose job's health was not checked since. */
export class PendingHealthRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /** When the check is due, by allocation id. */
  all(): Map<string, WhenDue> {
    const rows = this.#db.all("SELECT allocation, first FROM pending_health");
    return new Map(rows.map(({ allocation, first }) => [String(allocation), first === 1 ? BEFORE_ALL : NEXT_BATCH]));
  }

  set(allocation: string, due: WhenDue): void {
    this.#db.run(
      "INSERT INTO pending_health (allocation, first) VALUES (?, ?) ON CONFLICT (allocation) DO UPDATE SET first = max(first, excluded.first)",
      allocation,
      due === BEFORE_ALL ? 1 : 0,
    );
  }

  /** Deferred: an extra check does no harm. */
  clear(allocation: string): void {
    this.#db.later("DELETE FROM pending_health WHERE allocation = ?", allocation);
  }
}

const BEFORE_ALL = "before anything else";
const NEXT_BATCH = "with the next batch";
