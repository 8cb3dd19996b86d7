import type { OutputStream } from "@maand/core";

/**
 * A frame from a serving runner: a request for its program, its greeting, or the output or exit code of a request.
 */
export type Frame =
  | { readonly kind: "wants program" }
  | { readonly kind: "greeting" }
  | { readonly kind: "output"; readonly id: number; readonly stream: OutputStream; readonly bytes: Buffer }
  | { readonly kind: "exit"; readonly id: number; readonly code: number };

const GREETING = "maand-runner 1";
const WANTS_PROGRAM = "maand-runner wants its program";
/** The maximum length of a line between frames. Output of the login before the greeting may be longer. */
const LONGEST_HEAD = 64;
const NEWLINE = 10;

/**
 * Reads the frames of a serving runner: a line `<id> out <length>` or `<id> err <length>` followed by that many bytes,
 * or `<id> exit <code>`. Everything before the first line, `maand-runner 1`, is output of the login and is skipped.
 */
export class FrameReader {
  readonly #onFrame: (frame: Frame) => void;
  #greeted = false;
  #head = Buffer.alloc(0);
  #output: { readonly id: number; readonly stream: OutputStream; left: number } | undefined;

  constructor(onFrame: (frame: Frame) => void) {
    this.#onFrame = onFrame;
  }

  /** Throws if the bytes are not frames; nothing can be read after that. */
  push(chunk: Buffer): void {
    for (let rest = chunk; rest.length > 0; ) rest = this.#output ? this.#takeOutput(rest) : this.#takeHead(rest);
  }

  #takeOutput(chunk: Buffer): Buffer {
    if (!this.#output) return chunk;
    const { id, stream, left } = this.#output;
    const bytes = chunk.subarray(0, left);
    this.#onFrame({ kind: "output", id, stream, bytes });
    this.#output.left -= bytes.length;
    if (this.#output.left === 0) this.#output = undefined;
    return chunk.subarray(bytes.length);
  }

  #takeHead(chunk: Buffer): Buffer {
    const end = chunk.indexOf(NEWLINE);
    const part = end === -1 ? chunk : chunk.subarray(0, end);
    this.#head = Buffer.concat([this.#head, part.subarray(0, LONGEST_HEAD + 1)]).subarray(0, LONGEST_HEAD + 1);
    if (end !== -1) this.#readHead();
    else if (this.#greeted && this.#head.length > LONGEST_HEAD) throw notFrames();
    return end === -1 ? Buffer.alloc(0) : chunk.subarray(end + 1);
  }

  #readHead(): void {
    const line = this.#head.toString("latin1");
    this.#head = Buffer.alloc(0);
    if (!this.#greeted) {
      this.#greeted = line === GREETING;
      if (this.#greeted) this.#onFrame({ kind: "greeting" });
      else if (line === WANTS_PROGRAM) this.#onFrame({ kind: "wants program" });
      return;
    }
    const [, id, kind, number] = /^(\d+) (out|err|exit) (\d+)$/.exec(line) ?? [];
    if (kind === undefined) throw notFrames();
    if (kind === "exit") this.#onFrame({ kind, id: Number(id), code: Number(number) });
    else this.#beginOutput(Number(id), kind === "out" ? "stdout" : "stderr", Number(number));
  }

  #beginOutput(id: number, stream: OutputStream, left: number): void {
    if (left > 0) this.#output = { id, stream, left };
  }
}

function notFrames(): Error {
  return new Error("the runner does not respond in frames");
}
