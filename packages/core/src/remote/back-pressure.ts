import type { Readable } from "node:stream";

/** Undefined while the readers of printed lines keep up; otherwise a promise that resolves when they have caught up. */
export type BackPressure = () => Promise<void> | undefined;

const ofRemotes = new WeakMap<object, BackPressure>();

/** Stores the back-pressure of the run in which a remote was connected. */
export function setBackPressure(remote: object, backPressure: BackPressure): void {
  ofRemotes.set(remote, backPressure);
}

/** The back-pressure of the run in which a remote was connected. */
export function backPressureOf(remote: object): BackPressure | undefined {
  return ofRemotes.get(remote);
}

/** Reads a stream as it arrives. Pauses it while the readers of its lines are behind, so its writer has to wait. */
export class PacedReading {
  readonly #stream: Readable;
  #backPressure: BackPressure | undefined;
  #paused: { readonly resumed: Promise<void>; readonly resume: () => void } | undefined;

  constructor(stream: Readable, onData: (chunk: Buffer) => void, backPressure: BackPressure | undefined) {
    this.#stream = stream;
    this.#backPressure = backPressure;
    stream.on("data", (chunk: Buffer) => {
      onData(chunk);
      const caughtUp = this.#backPressure?.();
      if (caughtUp) this.#pause(caughtUp);
    });
  }

  /** Resolves when the stream is read again; undefined if it is not paused. */
  get paused(): Promise<void> | undefined {
    return this.#paused?.resumed;
  }

  /** Reads the rest without pausing, because the writer was stopped and little is left. */
  release(): void {
    this.#backPressure = undefined;
    this.#paused?.resume();
  }

  #pause(caughtUp: Promise<void>): void {
    if (this.#paused) return;
    this.#stream.pause();
    let settle = () => {};
    const resumed = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const resume = () => {
      if (this.#paused?.resume !== resume) return;
      this.#paused = undefined;
      this.#stream.resume();
      settle();
    };
    this.#paused = { resumed, resume };
    void caughtUp.then(resume);
  }
}
