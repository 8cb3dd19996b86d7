import type { Writable } from "node:stream";

/** Bytes that may wait for the reader of a stream before commands wait for it, too. */
export const MOST_WAITING = 1024 * 1024;

/**
 * Whether the reader of a stream is behind: a promise that resolves when it has read everything, or undefined. A reader that is gone,
 * such as `head`, is never behind, because what is written for it is dropped.
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
