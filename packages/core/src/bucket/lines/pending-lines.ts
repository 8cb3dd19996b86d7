import type { OutputStream } from "../../remote/remote.ts";

/** Where lines come from. */
export interface LineSource {
  readonly stream: OutputStream;
  readonly worker: string | null;
  readonly job: string | null;
}

/** Lines that wait at most; a plugin may print any number of them before it does anything else. */
const MOST = 4096;

/**
 * Gathers lines of one source that are printed before the process does anything else, as those of one packet from a worker, because
 * one event costs as much as reading hundreds of lines. A line of another source sends the earlier ones first.
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

  /** Sends what waits, so that whatever happens next comes after it. */
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
