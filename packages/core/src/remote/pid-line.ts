/** The first word of the line in which the wrapper of a command prints its process id. */
export const PID_WORD = "maand-pid";

const LIMIT = 4096;

/**
 * Removes the wrapper's line from the errors of a command and passes on the rest. A few other lines may precede it (sudo
 * complains about host names); after that it is not expected any more.
 */
export class PidLine {
  readonly #found: (pid: number) => void;
  readonly #rest: (chunk: Buffer) => void;
  #held: Buffer | undefined = Buffer.alloc(0);

  constructor(found: (pid: number) => void, rest: (chunk: Buffer) => void) {
    this.#found = found;
    this.#rest = rest;
  }

  push(chunk: Buffer): void {
    if (this.#held) this.#search(Buffer.concat([this.#held, chunk]));
    else this.#rest(chunk);
  }

  /** Ends the stream: passes on what was held back. */
  end(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held && held.length > 0) this.#rest(held);
  }

  #search(held: Buffer): void {
    const text = held.toString("latin1");
    const line = new RegExp(`(?:^|\\n)${PID_WORD} (\\d+)\\n`).exec(text);
    this.#held = held;
    if (!line) {
      if (text.length > LIMIT) this.end();
      return;
    }
    this.#held = Buffer.concat([
      held.subarray(0, text.indexOf(PID_WORD, line.index)),
      held.subarray(line.index + line[0].length),
    ]);
    this.#found(Number(line[1]));
    this.end();
  }
}
