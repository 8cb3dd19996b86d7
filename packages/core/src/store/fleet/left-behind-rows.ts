import type { StoreDatabase } from "../database.ts";

/** A worker that a deploy could not reach and that has not been updated since. */
export interface LeftBehind {
  readonly host: string;
  /** ISO time of the first deploy that could not reach it. */
  readonly since: string;
  /** ISO time of the last deploy that could not reach it. */
  readonly lastAt: string;
  /** Why the last deploy could not reach it. */
  readonly reason: string;
  /** The number of deploys that could not reach it. */
  readonly times: number;
}

/** Workers that were left behind. */
export class LeftBehindRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /** All workers by host, in the order in which they were left behind. */
  all(): ReadonlyMap<string, LeftBehind> {
    const rows = this.#db.all("SELECT host, since, last_at, reason, times FROM left_behind ORDER BY since, host");
    return new Map(
      rows.map((row) => [
        String(row.host),
        {
          host: String(row.host),
          since: String(row.since),
          lastAt: String(row.last_at),
          reason: String(row.reason),
          times: Number(row.times),
        },
      ]),
    );
  }

  /** Records that a deploy could not reach a worker. */
  note(host: string, reason: string, at: string): void {
    this.#db.run(
      "INSERT INTO left_behind (host, since, last_at, reason, times) VALUES (?, ?, ?, ?, 1) ON CONFLICT (host) DO UPDATE SET last_at = excluded.last_at, reason = excluded.reason, times = times + 1",
      host,
      at,
      at,
      reason,
    );
  }

  /** Records that a worker is up to date again. */
  clear(host: string): void {
    this.#db.run("DELETE FROM left_behind WHERE host = ?", host);
  }

  /** Deletes the rows of workers that are no longer in the catalog. */
  sweep(): void {
    this.#db.run("DELETE FROM left_behind WHERE host NOT IN (SELECT host FROM worker)");
  }
}
