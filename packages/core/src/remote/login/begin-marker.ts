import type { Readable } from "node:stream";

/**
 * The line that a wrapped command prints to each output before the command starts. On stderr, the process id follows.
 */
export const BEGIN_WORD = "maand-begin";

const LINE = new RegExp(`(?:^|\\n)${BEGIN_WORD}(?: (\\d+))?\\n`);
/**
 * The maximum number of bytes before the marker that are kept, because start-up files of a login shell may print a lot.
 */
const KEPT = 65_536;

/**
 * Drops the output up to the marker of {@link wrapCommand}, and passes on the rest. Output before the marker was
 * printed by the login, such as by `.bashrc` or sudo, and not by the command. If the marker never arrives, the command
 * never started, and the output of the login is passed on at the end.
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

  /** Call this at the end of the output. Passes on the bytes that were held back. */
  end(): void {
    const held = this.#held;
    this.#held = undefined;
    if (held && held.length > 0) this.#rest(held);
  }
}

/**
 * Reads a stream up to the marker and leaves the rest for a later reader. Resolves with undefined once the command has
 * started, or with the content of a stream that ended without a marker.
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
      // reads only the available bytes, because reading to the end would end the stream before its own reader starts
      const chunk: Buffer | null = stream.readableLength > 0 ? stream.read(stream.readableLength) : null;
      if (chunk) marker.push(chunk);
      if (rest) settle(undefined);
      else stream.read(0); // a stream without remaining data emits its end only after a read
    };
    const end = () => {
      marker.end();
      settle(printed);
    };
    stream.on("readable", read).once("end", end).once("close", end);
  });
}
