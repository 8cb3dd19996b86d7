import { MaandError } from "../errors.ts";
import type { StoreDatabase } from "./database.ts";

/** A content as it is kept for diffs. */
export interface KeptContent {
  readonly bytes: Uint8Array;
  /** The bytes are encrypted with the bucket's key. */
  readonly sealed: boolean;
}

/** File contents, each once under its SHA-256: those jobs have, and those that were promoted and are kept for diffs. */
export class ContentRows {
  readonly #db: StoreDatabase;
  /** Asked about already, and so not again. */
  readonly #judged = new Set<string>();

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /**
   * Stores a content of a job in clear, whatever was kept before, one row for each piece. Runs in a transaction; what
   * `pieces` throws leaves nothing of it behind.
   */
  put(hash: string, pieces: Iterable<Uint8Array>): void {
    if (this.#db.get("SELECT 1 FROM content WHERE hash = ? AND sealed = 0", hash) !== undefined) return;
    this.#put(hash, new Uint8Array());
    let count = 0;
    for (const piece of pieces) {
      if (count === 0) this.#put(hash, piece);
      else this.#db.run("INSERT INTO content_piece (hash, number, bytes) VALUES (?, ?, ?)", hash, count, piece);
      count += 1;
    }
    if (count > 1) this.#db.run("UPDATE content SET pieces = ? WHERE hash = ?", count, hash);
  }

  #put(hash: string, bytes: Uint8Array): void {
    this.#db.run(
      "INSERT INTO content (hash, bytes) VALUES (?, ?) ON CONFLICT (hash) DO UPDATE SET bytes = excluded.bytes, sealed = 0",
      hash,
      bytes,
    );
  }

  /** A content as a whole; for one of any size there is {@link pieces}. Throws STORE_BROKEN when it is not there. */
  read(hash: string): Uint8Array {
    const [first = new Uint8Array(), ...rest] = this.pieces(hash);
    return rest.length === 0 ? first : Buffer.concat([first, ...rest]);
  }

  /** A content piece by piece. Throws STORE_BROKEN when it is not there. */
  *pieces(hash: string): Generator<Uint8Array> {
    const row = this.#db.get("SELECT bytes, pieces FROM content WHERE hash = ?", hash);
    if (!row) throw lacking(hash);
    yield bytesOf(row, hash);
    for (let number = 1; number < Number(row.pieces); number++) {
      const piece = this.#db.get("SELECT bytes FROM content_piece WHERE hash = ? AND number = ?", hash, number);
      yield bytesOf(piece, hash);
    }
  }

  /** A content that fits one piece, be it of a job or kept for diffs; undefined for any other. */
  find(hash: string): KeptContent | undefined {
    const row = this.#db.get("SELECT bytes, sealed FROM content WHERE hash = ? AND pieces = 1", hash);
    return row?.bytes instanceof Uint8Array ? { bytes: row.bytes, sealed: row.sealed === 1 } : undefined;
  }

  /** Keeps a promoted content for diffs; `make` says how, or undefined for not at all, and is asked once per content. */
  keep(hash: string, make: () => KeptContent | undefined): void {
    if (this.#judged.has(hash)) return;
    this.#judged.add(hash);
    if (this.#db.get("SELECT 1 FROM content WHERE hash = ? AND kept = 1", hash) !== undefined) return;
    const content = make();
    if (!content) return;
    this.#db.run(
      "INSERT INTO content (hash, bytes, kept, sealed) VALUES (?, ?, 1, ?) ON CONFLICT (hash) DO UPDATE SET kept = 1",
      hash,
      content.bytes,
      content.sealed ? 1 : 0,
    );
  }

  /** What was kept since the transaction began is not kept after all. */
  rolledBack(): void {
    this.#judged.clear();
  }

  /** Drops contents that no job has any more and that are not kept. */
  sweep(): void {
    this.#db.run("DELETE FROM content WHERE kept = 0 AND hash NOT IN (SELECT hash FROM job_file)");
  }

  /** Keeps no longer what none of the remembered promotions has. Looks at every one of their files. */
  release(): void {
    this.#judged.clear();
    this.#db.run(
      "UPDATE content SET kept = 0 WHERE kept = 1 AND hash NOT IN (SELECT json_extract(value, '$.hash') FROM tree, json_each(tree.files))",
    );
    this.sweep();
  }
}

function bytesOf(row: Readonly<Record<string, unknown>> | undefined, hash: string): Uint8Array {
  if (row?.bytes instanceof Uint8Array) return row.bytes;
  throw lacking(hash);
}

function lacking(hash: string): MaandError {
  return new MaandError({
    code: "STORE_BROKEN",
    message: `the store lacks the content ${hash}`,
    hint: "run maand build",
  });
}
