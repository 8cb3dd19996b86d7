import type { DowntimeRecordKind, RecordedDowntime } from "../domain/budget/away.ts";
import type { OpenRollout } from "../domain/rollout/open-rollout.ts";
import type { Row, StoreDatabase } from "./database.ts";

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

/** Allocations that were promoted and whose job has not been checked since. */
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

  /** Deferred, because an extra check does no harm. */
  clear(allocation: string): void {
    this.#db.later("DELETE FROM pending_health WHERE allocation = ?", allocation);
  }
}

const BEFORE_ALL = "before anything else";
const NEXT_BATCH = "with the next batch";

/** Staged rollouts that are not complete, one per job. */
export class RolloutRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  all(): OpenRollout[] {
    return this.#db.all("SELECT * FROM rollout ORDER BY job").map(rolloutOf);
  }

  find(job: string): OpenRollout | undefined {
    const row = this.#db.get("SELECT * FROM rollout WHERE job = ?", job);
    return row && rolloutOf(row);
  }

  /** Opens a rollout at its first step, and replaces an open rollout of another release. */
  open({ job, release, previous, startedAt, startedBy }: Omit<OpenRollout, "step" | "since" | "until">): void {
    this.#db.run(
      "INSERT OR REPLACE INTO rollout (job, release, previous, step, since, started_at, started_by) VALUES (?, ?, ?, 0, ?, ?, ?)",
      ...[job, release, previous ?? null, startedAt, startedAt, startedBy],
    );
  }

  /** Records the step that the rollout has reached. */
  moveTo(job: string, step: number, at: string): void {
    this.#db.run("UPDATE rollout SET step = ?, since = ?, until = NULL WHERE job = ?", step, at, job);
  }

  /** Records the end of the timed wait that the rollout has reached. */
  waitUntil(job: string, until: string): void {
    this.#db.run("UPDATE rollout SET until = ? WHERE job = ?", until, job);
  }

  /** Closes a rollout that is complete or was aborted. */
  close(job: string): void {
    this.#db.run("DELETE FROM rollout WHERE job = ?", job);
  }
}

function rolloutOf(row: Row): OpenRollout {
  return {
    job: String(row.job),
    release: Number(row.release),
    previous: row.previous === null ? undefined : Number(row.previous),
    step: Number(row.step),
    since: String(row.since),
    until: row.until === null ? undefined : String(row.until),
    startedAt: String(row.started_at),
    startedBy: String(row.started_by),
  };
}

/** Allocations that commands without a journal took down and that are not available again, one row each. */
export class DowntimeRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  all(): RecordedDowntime[] {
    return this.#db.all("SELECT * FROM hold ORDER BY allocation").map((row) => ({
      allocation: String(row.allocation),
      kind: kindOf(row.kind),
      by: String(row.held_by),
      since: String(row.since),
      user: String(row.user),
    }));
  }

  /** Adds downtimes. The downtime of maintenance is kept until the maintenance ends; any other downtime is replaced. */
  add(downtimes: readonly RecordedDowntime[]): void {
    for (const { allocation, kind, by, since, user } of downtimes)
      this.#db.run(
        "INSERT INTO hold (allocation, kind, held_by, since, user) VALUES (?, ?, ?, ?, ?) ON CONFLICT (allocation) DO UPDATE SET kind = excluded.kind, held_by = excluded.held_by, since = excluded.since, user = excluded.user WHERE kind <> 'maintenance'",
        ...[allocation, kind, by, since, user],
      );
  }

  /** Ends every downtime of allocations that are available again. */
  release(allocations: readonly string[]): void {
    for (const allocation of allocations) this.#db.run("DELETE FROM hold WHERE allocation = ?", allocation);
  }

  /** Ends the downtimes of allocations that were seen healthy or were started, except downtimes of maintenance. */
  seenBack(allocations: readonly string[]): void {
    for (const allocation of allocations)
      this.#db.run("DELETE FROM hold WHERE allocation = ? AND kind <> 'maintenance'", allocation);
  }
}

const KINDS: readonly DowntimeRecordKind[] = ["restart", "stop", "maintenance"];

/**
 * The kind of a downtime. An unknown kind, which a newer version of maand has written, counts as the strictest kind.
 */
function kindOf(text: unknown): DowntimeRecordKind {
  return KINDS.find((kind) => kind === text) ?? "maintenance";
}
