import { type Placed, placementDigests } from "../../domain/workspace/placement/placed.ts";
import type { RecordedPlacement } from "../../domain/workspace/placement/placement.ts";
import type { StoreDatabase } from "../database.ts";

/**
 * The recorded placements of jobs. Each working copy of a shared store has its own placements; the rows of allocations
 * that the copy receives delete them.
 */
export class PlacementRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /** The recorded placements by job, without jobs whose allocations changed since the placement was recorded. */
  all(): Map<string, RecordedPlacement> {
    return new Map(
      this.#db
        .all("SELECT job, digest, removed FROM placement")
        .map(({ job, digest, removed }) => [String(job), { digest: String(digest), removed: Number(removed) }]),
    );
  }

  /**
   * Records where jobs run. Call this after the allocations of the jobs were stored, in the same transaction. The rows
   * of the jobs in `same` are not written: if another program deleted such a row since it was read, the next build
   * examines the job in full.
   */
  record(placed: Placed, same: ReadonlySet<string>): void {
    const known = this.all();
    const digestOf = placementDigests();
    const others = [...placed].filter(([job]) => !same.has(job));
    const rows = others.map(([job, own]) => ({ job, digest: digestOf(own), removed: own.removed }));
    const outdated = [...known.keys()].filter((job) => !same.has(job));
    if (outdated.length > 0)
      this.#db.run("DELETE FROM placement WHERE job IN (SELECT value FROM json_each(?))", JSON.stringify(outdated));
    if (rows.length > 0)
      this.#db.run(
        "INSERT INTO placement (job, digest, removed) SELECT value ->> 'job', value ->> 'digest', value ->> 'removed' FROM json_each(?)",
        JSON.stringify(rows),
      );
  }
}
