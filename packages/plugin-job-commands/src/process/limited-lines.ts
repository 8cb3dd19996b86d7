import type { OutputStream } from "@maand/core";
import { LineSplitter } from "@maand/core/internal";

/** The maximum number of lines of one process that are passed on; further output is read and dropped. */
const MAX_LINES = 100_000;
/** The maximum number of characters of one process that are passed on. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

/**
 * Splits the output of a process into lines, up to a limit, so that a script with endless output does not fill the
 * logs.
 */
export class LimitedLines {
  readonly #onLine: (line: string, stream: OutputStream) => void;
  readonly #splitters: Readonly<Record<OutputStream, LineSplitter>>;
  #lines = 0;
  #characters = 0;

  constructor(onLine: (line: string, stream: OutputStream) => void) {
    this.#onLine = onLine;
    this.#splitters = {
      stdout: new LineSplitter((line) => this.#take(line, "stdout")),
      stderr: new LineSplitter((line) => this.#take(line, "stderr")),
    };
  }

  push(stream: OutputStream, chunk: Uint8Array): void {
    if (!this.#isFull()) this.#splitters[stream].push(chunk);
  }

  /** Passes on the last line of each stream if it does not end with a newline. */
  end(): void {
    if (this.#isFull()) return;
    this.#splitters.stdout.end();
    this.#splitters.stderr.end();
  }

  #take(line: string, stream: OutputStream): void {
    if (this.#isFull()) return;
    this.#lines += 1;
    this.#characters += line.length;
    this.#onLine(line, stream);
    if (this.#isFull()) this.#onLine("[more output is not shown]", stream);
  }

  #isFull(): boolean {
    return this.#lines >= MAX_LINES || this.#characters >= MAX_CHARACTERS;
  }
}
