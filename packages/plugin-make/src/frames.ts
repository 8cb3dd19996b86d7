import type { OutputStream } from "@maand/core";

/** What a served runner says: that it is there, some output of a request, the exit code of one. */
export type Frame =
  | { readonly kind: "hello" }
  | { readonly kind: "output"; readonly id: number; readonly stream: OutputStream; readonly bytes: Buffer }
  | { readonly kind: "exit"; readonly id: number; readonly code: number };

const HELLO = "maand-runner 1";
/** No line between frames is longer; what a login prints before the runner speaks may be. */
const LONGEST_HEAD = 64;
const NEWLINE = 10;

/**
 * Reads frames out of the bytes of a served runner: a line `<id> out <length>`, `<id> err <length>` followed by that
 * many bytes, or `<id> exit <code>`. Whatever comes before its first line, `maand-runner 1`, is somebody else's.
 */
export class FrameReader {
  readonly #emit: (frame: Frame) => void;
  #greeted = false;
  #head = Buffer.alloc(0);
  #open: { readonly id: number; readonly stream: OutputStream; left: number } | undefined;

  constructor(emit: (frame: Frame) => void) {
    this.#emit = emit;
  }

  /** Throws when the bytes are no frames; nothing after that can be understood. */
  push(chunk: Buffer): void {
    for (let rest = chunk; rest.length > 0; ) rest = this.#open ? this.#takeBytes(rest) : this.#takeHead(rest);
  }

  #takeBytes(chunk: Buffer): Buffer {
    if (!this.#open) return chunk;
    const { id, stream, left } = this.#open;
    const bytes = chunk.subarray(0, left);
    this.#emit({ kind: "output", id, stream, bytes });
    this.#open.left -= bytes.length;
    if (this.#open.left === 0) this.#open = undefined;
    return chunk.subarray(bytes.length);
  }

  #takeHead(chunk: Buffer): Buffer {
    const end = chunk.indexOf(NEWLINE);
    const part = end === -1 ? chunk : chunk.subarray(0, end);
    this.#head = Buffer.concat([this.#head, part.subarray(0, LONGEST_HEAD + 1)]).subarray(0, LONGEST_HEAD + 1);
    if (end !== -1) this.#understand();
    else if (this.#greeted && this.#head.length > LONGEST_HEAD) throw new Error("the runner does not speak in frames");
    return end === -1 ? Buffer.alloc(0) : chunk.subarray(end + 1);
  }

  #understand(): void {
    const line = this.#head.toString("latin1");
    this.#head = Buffer.alloc(0);
    if (!this.#greeted) {
      this.#greeted = line === HELLO;
      if (this.#greeted) this.#emit({ kind: "hello" });
      return;
    }
    const [, id, kind, number] = /^(\d+) (out|err|exit) (\d+)$/.exec(line) ?? [];
    if (kind === undefined) throw new Error("the runner does not speak in frames");
    if (kind === "exit") this.#emit({ kind, id: Number(id), code: Number(number) });
    else this.#begin(Number(id), kind === "out" ? "stdout" : "stderr", Number(number));
  }

  #begin(id: number, stream: OutputStream, left: number): void {
    if (left > 0) this.#open = { id, stream, left };
  }
}
