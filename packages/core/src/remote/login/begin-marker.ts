import type { Readable } from "node:stream";

/** The line a wrapped command prints on each output before the command itself; on its errors with its process id. */
export const BEGIN_WORD = "maand-begin";

const LINE = new RegExp(`(?:^|\\n)${BEGIN_WORD}(?: (\\d+))?\\n`);
/** Bytes before the marker that are kept: start-up files of a login shell may print a lot. */
const KEPT = 65_536;

/**
 * Drops everything an output holds up to the marker of {@link wrapCommand}, and passes on the rest. What comes before
 * it was printed by the login, not by the command: by start-up files such as `.bashrc`, or by sudo. When the marker
 * never comes, the command never began, and what the login printed is passed on at the end.
 */
export class BeginMarker {
  readonly #begun: (pid: number | undefined) => void;
  readonly #rest: (chunk: Buffer) => void;
  #held: Buffer | undefined = Buffer.alloc(0);

  constructor(begun: (pid: number | undefined) => void, rest: (chunk: Buffer) => void) {
    this.#begun = begun;
    this.#rest = rest;
  }

  push(chunk: Buffer): void {
    if (!this.#held) {
      this.#rest(chunk);
      return;
    }
    const held = Buffer.concat([this.#held, chunk]);
    const line = LINE.exec(held.toString("latin1"));
    if (!line) {
      this.#held = held.subarray(-KEPT);
      return;
    }
    this.#held = undefined;
    this.#begun(line[1] === undefined ? undefined : Number(line[1]));
    const rest = held.subarray(line.index + line[0].length);
    if (rest.length > 0) this.#rest(rest);
  }

  /** Nothing more comes: passes on what was held back. */
  end(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held && held.length > 0) this.#rest(held);
  }
}

/**
 * Reads a stream up to the marker and leaves what follows in it, for a reader that comes later. Resolves with the content of
 * a stream that ended without a marker, and with undefined once the command started.
 */
export function readToMarker(stream: Readable): Promise<string | undefined> {
  return new Promise((resolve) => {
    let printed = "";
    let rest: Buffer | undefined;
    const settle = (inVain: string | undefined) => {
      stream.removeListener("readable", read).removeListener("end", end).removeListener("close", end);
      if (rest) stream.unshift(rest);
      resolve(inVain);
    };
    const marker = new BeginMarker(
      () => {
        rest = Buffer.alloc(0);
      },
      (chunk) => {
        if (rest) rest = Buffer.concat([rest, chunk]);
        else printed += chunk.toString();
      },
    );
    const read = () => {
      // as many bytes as there are: a reading to the end would let the stream end before its own reader comes
      const chunk: Buffer | null = stream.readableLength > 0 ? stream.read(stream.readableLength) : null;
      if (chunk) marker.push(chunk);
      if (rest) settle(undefined);
      else stream.read(0); // an exhausted stream ends only after a read
    };
    const end = () => {
      marker.end();
      settle(printed);
    };
    stream.on("readable", read).once("end", end).once("close", end);
  });
}
