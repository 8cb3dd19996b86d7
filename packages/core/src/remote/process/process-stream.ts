import { Duplex, type Readable, type Writable } from "node:stream";

/**
 * The input and output of a process as one stream. Node closes the input of a process that has ended, and `Duplex.from`
 * would then drop unread output; this stream keeps it.
 */
export function processStream(output: Readable, input: Writable | null = null): Duplex {
  return new ProcessStream(output, input);
}

class ProcessStream extends Duplex {
  readonly #output: Readable;
  readonly #input: Writable | null;

  constructor(output: Readable, input: Writable | null) {
    super();
    this.#output = output;
    this.#input = input;
    output.on("data", (chunk: Buffer) => this.push(chunk) || output.pause());
    output.on("end", () => this.push(null));
    output.on("error", () => {}); // its end or close follows
    input?.on("error", () => {});
    for (const source of [output, input]) source?.on("close", () => this.#closeWhenRead());
    this.on("end", () => this.#closeWhenRead());
  }

  override _read(): void {
    this.#output.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    if (this.#input?.writable) this.#input.write(chunk, () => done());
    else done();
  }

  override _final(done: () => void): void {
    if (this.#input?.writable) this.#input.end(() => done());
    else done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#output.destroy();
    this.#input?.destroy();
    done(error);
  }

  /** Closes once nothing more can be written and the output of the process was read or cut off. */
  #closeWhenRead(): void {
    const read = this.readableEnded || (this.#output.destroyed && !this.#output.readableEnded);
    if (read && (this.#input === null || this.#input.destroyed)) this.destroy();
  }
}
