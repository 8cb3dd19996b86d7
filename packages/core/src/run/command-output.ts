import type { OutputStream } from "../remote/remote.ts";

/** The maximum number of characters to keep of each output of one command. */
const MOST = 1024 * 1024;
/** The maximum number of characters to keep of all outputs together. */
const TOGETHER = 128 * 1024 * 1024;

/**
 * Collects the output of a command line by line, and keeps the end of a long one. Parallel commands share the total
 * limit.
 */
export class CommandOutput {
  readonly #most: number;
  readonly #lines: Record<OutputStream, string[]> = { stdout: [], stderr: [] };
  readonly #sizes: Record<OutputStream, number> = { stdout: 0, stderr: 0 };

  constructor(commands = 1) {
    this.#most = Math.min(MOST, Math.floor(TOGETHER / 2 / Math.max(1, commands)));
  }

  push(line: string, stream: OutputStream): void {
    const lines = this.#lines[stream];
    lines.push(line);
    this.#sizes[stream] += line.length + 1;
    if (this.#sizes[stream] > 2 * this.#most) this.#forget(stream);
  }

  /**
   * The end of an output. `whole` is the verbatim output, if the caller kept it; otherwise, the result is made of the
   * last lines.
   */
  text(stream: OutputStream, whole?: string): string {
    const text = whole ?? this.#lines[stream].map((line) => `${line}\n`).join("");
    return text.slice(-this.#most);
  }

  /** The last lines of stderr or, if there are none, of stdout. */
  last(count: number): string[] {
    return (this.#lines.stderr.length > 0 ? this.#lines.stderr : this.#lines.stdout).slice(-count);
  }

  /** Drops the oldest lines. This happens rarely, so that the total cost stays linear in the length of the output. */
  #forget(stream: OutputStream): void {
    const lines = this.#lines[stream];
    let size = this.#sizes[stream];
    let at = 0;
    for (; size > this.#most && at < lines.length; at += 1) size -= (lines[at]?.length ?? 0) + 1;
    this.#lines[stream] = lines.slice(at);
    this.#sizes[stream] = size;
  }
}
