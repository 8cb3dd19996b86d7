import type { StoreDatabase } from "./database.ts";

/** Jobs whose `after` hooks still have to run (deploy.md 1.10: the post-deploy marker). */
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

/** When a health check that is still to be asked is due: before anything else of its job, or with its next batch. */
export type HealthDue = "first" | "with the next batch";

/** Allocations that were promoted, and whose job was not asked for its health since. */
export class PendingHealthRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /** When it is due, by allocation id. */
  all(): Map<string, HealthDue> {
    const rows = this.#db.all("SELECT allocation, first FROM pending_health");
    return new Map(rows.map(({ allocation, first }) => [String(allocation), first === 1 ? FIRST : NEXT]));
  }

  set(allocation: string, due: HealthDue): void {
    this.#db.run(
      "INSERT INTO pending_health (allocation, first) VALUES (?, ?) ON CONFLICT (allocation) DO UPDATE SET first = max(first, excluded.first)",
      allocation,
      due === FIRST ? 1 : 0,
    );
  }

  /** Soon: to ask once more than needed is never wrong. */
  clear(allocation: string): void {
    this.#db.later("DELETE FROM pending_health WHERE allocation = ?", allocation);
  }
}

const FIRST = "first";
const NEXT = "with the next batch";
