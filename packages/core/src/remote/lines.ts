import { StringDecoder } from "node:string_decoder";

/** The maximum length of a line; the rest is dropped and marked. */
export const LINE_LIMIT = 8192;
/** The mark at the end of a truncated line. */
export const LINE_CUT = " [line cut]";

/**
 * Splits a byte stream into lines for `emit`. A line longer than {@link LINE_LIMIT} is truncated and marked, and the
 * rest is dropped as it arrives, so a megabyte without a newline neither uses memory nor blocks.
 */
export class LineSplitter {
  readonly #decoder = new StringDecoder("utf8");
  readonly #emit: (line: string) => void;
  #rest = "";
  #skipping = false;

  constructor(emit: (line: string) => void) {
    this.#emit = emit;
  }

  push(chunk: Uint8Array): void {
    this.#take(this.#decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)));
  }

  /** Emits the rest as the last line. */
  end(): void {
    this.#take(this.#decoder.end());
    if (this.#rest !== "") this.#emit(this.#rest);
    this.#rest = "";
    this.#skipping = false;
  }

  #take(text: string): void {
    let from = 0;
    for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", from)) {
      this.#finish(text.slice(from, at));
      from = at + 1;
    }
    this.#append(text.slice(from));
  }

  #finish(tail: string): void {
    this.#append(tail);
    if (!this.#skipping) this.#emit(this.#rest.endsWith("\r") ? this.#rest.slice(0, -1) : this.#rest);
    this.#rest = "";
    this.#skipping = false;
  }

  #append(text: string): void {
    if (this.#skipping) return;
    this.#rest += text;
    if (this.#rest.length <= LINE_LIMIT) return;
    this.#emit(`${this.#rest.slice(0, LINE_LIMIT)}${LINE_CUT}`);
    this.#rest = "";
    this.#skipping = true;
  }
}
