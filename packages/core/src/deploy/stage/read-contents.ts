import type { JobFile } from "../../domain/workspace/job.ts";
import type { ContentRows } from "../../store/content-rows.ts";

/** The maximum number of cached bytes in total and per file. Files that many workers get are small and identical. */
const CACHED_BYTES = 16 * 1024 * 1024;
const LARGEST = 256 * 1024;

type Contents = Pick<ContentRows, "read" | "pieces">;

/** Caches contents that a run reads from the store, so that a file for a hundred workers is read once. */
export class ReadContents {
  readonly #contents: Contents;
  readonly #kept = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(contents: Contents) {
    this.#contents = contents;
  }

  /** Returns the content with this hash. Throws the error of the store if the content does not exist. */
  read(hash: string): Uint8Array {
    const known = this.#kept.get(hash);
    if (known) return known;
    const content = this.#contents.read(hash);
    if (content.length <= LARGEST && this.#bytes + content.length <= CACHED_BYTES) {
      this.#bytes += content.length;
      this.#kept.set(hash, content);
    }
    return content;
  }

  /** Returns the content of a file in pieces; a small file is a single piece. */
  pieces({ hash, size }: Pick<JobFile, "hash" | "size">): Iterable<Uint8Array> {
    return size <= LARGEST ? [this.read(hash)] : this.#contents.pieces(hash);
  }
}
