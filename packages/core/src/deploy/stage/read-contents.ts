/** Bytes kept at most, and of one content: what many workers get is small and the same. */
const ROOM = 16 * 1024 * 1024;
const LARGEST = 256 * 1024;

/** Contents of the store read in a run, so that a file a hundred workers get is read once. */
export class ReadContents {
  readonly #read: (hash: string) => Uint8Array;
  readonly #kept = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(read: (hash: string) => Uint8Array) {
    this.#read = read;
  }

  /** The content with this hash. Throws what the store throws when it has none. */
  read(hash: string): Uint8Array {
    const known = this.#kept.get(hash);
    if (known) return known;
    const content = this.#read(hash);
    if (content.length <= LARGEST && this.#bytes + content.length <= ROOM) {
      this.#bytes += content.length;
      this.#kept.set(hash, content);
    }
    return content;
  }
}
