import type { OutputStream } from "../../remote/remote.ts";

/** Where lines come from. */
export interface LineSource {
  readonly stream: OutputStream;
  readonly worker: string | null;
  readonly job: string | null;
}

/** The maximum number of waiting lines. Without it, a plugin that only prints could fill the memory with lines. */
const MOST = 4096;

/**
 * Gathers the lines of one source that arrive together, such as the lines of one packet from a worker, because sending
 * one event takes as long as reading hundreds of lines. When a line of another source arrives, the waiting lines are
 * sent first.
 */
export class PendingLines {
  readonly #send: (source: LineSource, lines: readonly string[]) => void;
  #source: LineSource | undefined;
  #lines: string[] = [];

  constructor(send: (source: LineSource, lines: readonly string[]) => void) {
    this.#send = send;
  }

  add(line: string, source: LineSource): void {
    if (this.#source === undefined || !isSame(this.#source, source)) {
      this.flush();
      this.#source = source;
      queueMicrotask(() => this.flush());
    }
    this.#lines.push(line);
    if (this.#lines.length >= MOST) this.flush();
  }

  /** Sends the waiting lines, so that later events come after them. */
  flush(): void {
    const [source, lines] = [this.#source, this.#lines];
    if (source === undefined) return;
    this.#source = undefined;
    this.#lines = [];
    this.#send(source, lines);
  }
}

function isSame(a: LineSource, b: LineSource): boolean {
  return a.stream === b.stream && a.worker === b.worker && a.job === b.job;
}
