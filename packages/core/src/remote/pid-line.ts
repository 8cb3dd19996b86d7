/** First word of the line a command's wrapper says its process id with. */
export const PID_WORD = "maand-pid";

const LIMIT = 4096;

/**
 * Takes the wrapper's line out of a command's errors and hands the rest on. Other lines may come before it (sudo
 * complains about host names); when it has not come within a few of them it will not come.
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

  /** Nothing more comes: gives out what was held back. */
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
