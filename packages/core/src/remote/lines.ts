import { StringDecoder } from "node:string_decoder";

/** Longest line handed on; the rest of a longer one is dropped and marked. */
export const LINE_LIMIT = 8192;
/** End of a line that was cut. */
export const LINE_CUT = " [line cut]";

/**
 * Cuts a byte stream into lines for `emit`. A line longer than {@link LINE_LIMIT} is cut there and marked, and its rest
 * is thrown away as it comes, so that a megabyte without a line end costs no memory and hangs nothing (D19).
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

  /** Gives out what is left as a last line. */
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
