import type { Writable } from "node:stream";

/** The number of buffered bytes of a stream above which commands wait for its reader. */
export const MOST_WAITING = 1024 * 1024;

/**
 * Returns a promise that resolves when a slow reader of a stream has read everything; undefined if the reader is not
 * slow. A reader that exited, such as `head`, never counts as slow, because the stream drops its output.
 */
export function backPressureOf(stream: Writable): () => Promise<void> | undefined {
  const reader = new StreamReader(stream);
  return () => reader.caughtUp();
}

class StreamReader {
  readonly #stream: Writable;
  #caughtUp: Promise<void> | undefined;
  #isGone = false;
  #isWatched = false;
  #settle = () => {};

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  caughtUp(): Promise<void> | undefined {
    if (this.#isGone || this.#stream.writableLength < MOST_WAITING) return undefined;
    this.#watch();
    this.#caughtUp ??= new Promise<void>((resolve) => {
      this.#settle = resolve;
    });
    return this.#caughtUp;
  }

  #watch(): void {
    if (this.#isWatched) return;
    this.#isWatched = true;
    this.#stream.on("drain", () => this.#goOn());
    for (const event of ["error", "close"]) {
      this.#stream.on(event, () => {
        this.#isGone = true;
        this.#goOn();
      });
    }
  }

  #goOn(): void {
    this.#caughtUp = undefined;
    this.#settle();
  }
}
