import type { Hold, HoldKind } from "../domain/budget/away.ts";
import type { StoreDatabase } from "./database.ts";

/** Allocations that commands without a journal took down and have not brought back, one row each. */
export class HoldRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  all(): Hold[] {
    return this.#db.all("SELECT * FROM hold ORDER BY allocation").map((row) => ({
      allocation: String(row.allocation),
      kind: kindOf(row.kind),
      by: String(row.held_by),
      since: String(row.since),
      user: String(row.user),
    }));
  }

  /** A hold of a maintenance is kept until it ends; any other is replaced. */
  add(holds: readonly Hold[]): void {
    for (const { allocation, kind, by, since, user } of holds)
      this.#db.run(
        "INSERT INTO hold (allocation, kind, held_by, since, user) VALUES (?, ?, ?, ?, ?) ON CONFLICT (allocation) DO UPDATE SET kind = excluded.kind, held_by = excluded.held_by, since = excluded.since, user = excluded.user WHERE kind <> 'maintenance'",
        ...[allocation, kind, by, since, user],
      );
  }

  /** Allocations are back. Without `kind`, any hold of them ends. */
  release(allocations: readonly string[]): void {
    for (const allocation of allocations) this.#db.run("DELETE FROM hold WHERE allocation = ?", allocation);
  }

  /** Allocations were seen healthy, or were started: only a maintenance still holds them. */
  seenBack(allocations: readonly string[]): void {
    for (const allocation of allocations)
      this.#db.run("DELETE FROM hold WHERE allocation = ? AND kind <> 'maintenance'", allocation);
  }
}

const KINDS: readonly HoldKind[] = ["restart", "stop", "maintenance"];

/** A kind of a newer version is taken as the strictest one. */
function kindOf(text: unknown): HoldKind {
  return KINDS.find((kind) => kind === text) ?? "maintenance";
}
