import type { OutputStream } from "@maand/core";
import { LineSplitter } from "@maand/core/internal";

/** Maximum number of lines and characters of one process to pass on; further output is read and dropped. */
const MOST_LINES = 100_000;
const MOST_CHARACTERS = 16 * 1024 * 1024;

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

  /** Passes on last lines that have no newline. */
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
    return this.#lines >= MOST_LINES || this.#characters >= MOST_CHARACTERS;
  }
}
