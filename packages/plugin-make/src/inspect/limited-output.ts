/** Keeps the output of a command, up to a number of bytes. */
export class LimitedOutput {
  readonly #parts: Buffer[] = [];
  readonly #limit: number;
  #length = 0;
  #settle: (end: "full") => void = () => {};

  /** Resolves when there is more output than the limit; otherwise never. */
  readonly isFull = new Promise<"full">((resolve) => {
    this.#settle = resolve;
  });

  constructor(limit: number) {
    this.#limit = limit;
  }

  push(bytes: Buffer): void {
    this.#length += bytes.length;
    if (this.#length > this.#limit) this.#settle("full");
    else this.#parts.push(bytes);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}
