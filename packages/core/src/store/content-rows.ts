import { MaandError } from "../errors.ts";
import type { StoreDatabase } from "./database.ts";

/** File contents, each kept once under its SHA-256. */
export class ContentRows {
  readonly #db: StoreDatabase;

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  put(hash: string, bytes: Uint8Array): void {
    this.#db.run("INSERT INTO content (hash, bytes) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING", hash, bytes);
  }

  read(hash: string): Uint8Array {
    const bytes = this.#db.get("SELECT bytes FROM content WHERE hash = ?", hash)?.bytes;
    if (bytes instanceof Uint8Array) return bytes;
    throw new MaandError({
      code: "STORE_BROKEN",
      message: `the store lacks the content ${hash}`,
      hint: "run maand build",
    });
  }

  /** Drops contents no job has any more. */
  sweep(): void {
    this.#db.run("DELETE FROM content WHERE hash NOT IN (SELECT hash FROM job_file)");
  }
}
