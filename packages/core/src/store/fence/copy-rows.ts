import type { StoreDatabase } from "../database.ts";
import type { CopyPlace } from "./copy-place.ts";

/** The copy of the bucket that a store belongs to. */
export interface BucketCopy {
  /** A random string. */
  readonly id: string;
  readonly place: CopyPlace;
  readonly user: string;
  readonly machine: string;
  /** The directory of the bucket when a command last used the copy. */
  readonly path: string;
  /** When it was first used, or adopted: UTC, ISO 8601. */
  readonly since: string;
}

/** The identity of this copy of the bucket, and the commands of other copies whose changes it has taken over. */
export class CopyRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /** Undefined until the first command that may change workers. */
  read(): BucketCopy | undefined {
    const text = this.#db.get("SELECT copy FROM bucket")?.copy;
    if (typeof text !== "string") return undefined;
    const copy: BucketCopy = JSON.parse(text);
    return copy;
  }

  write(copy: BucketCopy): void {
    this.#db.run("UPDATE bucket SET copy = ?", JSON.stringify(copy));
  }

  /** Records a command of another copy as known, so that the fence that it left on workers is accepted. */
  adopt(holder: string, origin: string, at: string): void {
    const insert = "INSERT OR IGNORE INTO adopted_holder (holder, origin, adopted_at) VALUES (?, ?, ?)";
    this.#db.run(insert, holder, origin, at);
  }
}
