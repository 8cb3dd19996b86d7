import type { JobFile } from "../../domain/workspace/job.ts";
import type { ContentRows } from "../../store/content-rows.ts";

/** Bytes kept at most, and of one content: what many workers get is small and the same. */
const ROOM = 16 * 1024 * 1024;
const LARGEST = 256 * 1024;

type Contents = Pick<ContentRows, "read" | "pieces">;

/** Contents of the store read in a run, so that a file a hundred workers get is read once. */
export class ReadContents {
  readonly #contents: Contents;
  readonly #kept = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(contents: Contents) {
    this.#contents = contents;
  }

  /** The content with this hash. Throws what the store throws when it has none. */
  read(hash: string): Uint8Array {
    const known = this.#kept.get(hash);
    if (known) return known;
    const content = this.#contents.read(hash);
    if (content.length <= LARGEST && this.#bytes + content.length <= ROOM) {
      this.#bytes += content.length;
      this.#kept.set(hash, content);
    }
    return content;
  }

  /** The content of a file piece by piece; a small one is a single piece. */
  pieces({ hash, size }: Pick<JobFile, "hash" | "size">): Iterable<Uint8Array> {
    return size <= LARGEST ? [this.read(hash)] : this.#contents.pieces(hash);
  }
}
