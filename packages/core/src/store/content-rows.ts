import { MaandError } from "../errors.ts";
import type { StoreDatabase } from "./database.ts";

/** The content of a file that is kept for diffs. */
export interface KeptContent {
  readonly bytes: Uint8Array;
  /** Whether the bytes are encrypted with the bucket's key. */
  readonly sealed: boolean;
}

/**
 * File contents, each stored once under its SHA-256: the contents of current job files, of releases, and of promoted
 * files that are kept for diffs.
 */
export class ContentRows {
  readonly #db: StoreDatabase;
  /** Hashes that were already looked up. */
  readonly #judged = new Set<string>();

  constructor(db: StoreDatabase) {
    this.#db = db;
  }

  /**
   * Stores the content of a job file unencrypted, with one row per piece, in place of the same content that was kept
   * for diffs. Runs in a transaction. If `pieces` throws, nothing is stored.
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

  /** Returns content in one piece; use {@link pieces} for content of any size. Throws STORE_BROKEN if it is missing. */
  read(hash: string): Uint8Array {
    const [first = new Uint8Array(), ...rest] = this.pieces(hash);
    return rest.length === 0 ? first : Buffer.concat([first, ...rest]);
  }

  /** Returns content in pieces. Throws STORE_BROKEN if it is missing. */
  *pieces(hash: string): Generator<Uint8Array> {
    const row = this.#db.get("SELECT bytes, pieces FROM content WHERE hash = ?", hash);
    if (!row) throw contentMissing(hash);
    yield bytesOf(row, hash);
    for (let number = 1; number < Number(row.pieces); number++) {
      const piece = this.#db.get("SELECT bytes FROM content_piece WHERE hash = ? AND number = ?", hash, number);
      yield bytesOf(piece, hash);
    }
  }

  /**
   * The content of a job file, or content that is kept for diffs, if it is stored in one piece; otherwise undefined.
   */
  find(hash: string): KeptContent | undefined {
    const row = this.#db.get("SELECT bytes, sealed FROM content WHERE hash = ? AND pieces = 1", hash);
    return row?.bytes instanceof Uint8Array ? { bytes: row.bytes, sealed: row.sealed === 1 } : undefined;
  }

  /**
   * Keeps promoted content for diffs. `make` returns the form to store, or undefined to keep nothing. It is called once
   * for each hash.
   */
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

  /** Forgets all hashes that were looked up. Call this after a transaction was rolled back. */
  rolledBack(): void {
    this.#judged.clear();
  }

  /** Deletes contents that no job and no release uses and that are not kept for diffs. */
  sweep(): void {
    this.#db.run(
      "DELETE FROM content WHERE kept = 0 AND hash NOT IN (SELECT hash FROM job_file) AND hash NOT IN (SELECT hash FROM release_file)",
    );
  }

  /** Deletes kept contents that no recorded promotion uses. Reads every file list of those promotions. */
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
  throw contentMissing(hash);
}

function contentMissing(hash: string): MaandError {
  return new MaandError({
    code: "STORE_BROKEN",
    message: `the store lacks the content ${hash}`,
    hint: "run maand build",
  });
}
