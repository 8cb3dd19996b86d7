import type { StoreDatabase } from "../database.ts";

/** The last repair of an allocation or of a worker's metadata, and how many times in a row the same repair was made. */
export interface Repair {
  /** The difference that was repaired: a `driftKey`. */
  readonly difference: string;
  readonly times: number;
  /** ISO times of the first and the last of these repairs. */
  readonly firstAt: string;
  readonly lastAt: string;
}

/** The job name under which repairs of a worker's metadata are stored. */
export const METADATA_REPAIR = "";

/** The last repairs on workers: one row for each worker and job. */
export class RepairRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /** The last repairs, by worker and then by job. */
  all(): ReadonlyMap<string, ReadonlyMap<string, Repair>> {
    const found = new Map<string, Map<string, Repair>>();
    for (const row of this.#db.all("SELECT worker, job, difference, times, first_at, last_at FROM repair")) {
      const repairs = found.get(String(row.worker)) ?? new Map<string, Repair>();
      found.set(String(row.worker), repairs);
      repairs.set(String(row.job), {
        difference: String(row.difference),
        times: Number(row.times),
        firstAt: String(row.first_at),
        lastAt: String(row.last_at),
      });
    }
    return found;
  }

  /** Records a repair. The same difference as last time increases the count; a different one starts a new count. */
  note(worker: string, job: string, difference: string, at: string): Repair {
    this.#db.run(
      `INSERT INTO repair (worker, job, difference, times, first_at, last_at) VALUES (?, ?, ?, 1, ?, ?)
       ON CONFLICT (worker, job) DO UPDATE SET
         times = CASE WHEN difference = excluded.difference THEN times + 1 ELSE 1 END,
         first_at = CASE WHEN difference = excluded.difference THEN first_at ELSE excluded.first_at END,
         difference = excluded.difference, last_at = excluded.last_at`,
      worker,
      job,
      difference,
      at,
      at,
    );
    const row = this.#db.get("SELECT times, first_at FROM repair WHERE worker = ? AND job = ?", worker, job);
    return { difference, times: Number(row?.times ?? 1), firstAt: String(row?.first_at ?? at), lastAt: at };
  }

  /** Deletes the repairs of workers that are no longer in the catalog. */
  sweep(): void {
    this.#db.run("DELETE FROM repair WHERE worker NOT IN (SELECT host FROM worker)");
  }
}
