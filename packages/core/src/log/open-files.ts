import { readFileSync } from "node:fs";
import { type LogLimits, RotatingFile } from "./rotating-file.ts";

/** The number of files that may be open if the limit of the process is unknown. */
const FEW = 256;

/**
 * The share of the open files that is closed when another file must be opened. To find the oldest file, a map looks at
 * all entries that were deleted before it, so closing one file at a time would take longer each time.
 */
const CLOSED_AT_ONCE = 0.1;

/**
 * The open log files, least recently used first. A fleet may have more workers than a process may open files, and each
 * worker has two files. If not all of them stay open, almost every line opens one file and closes another.
 */
export class OpenFiles {
  readonly #limits: LogLimits;
  readonly #most: number;
  readonly #files = new Map<string, RotatingFile>();

  readonly #onProblem: (cause: unknown) => void;
  /** Files with lines that are not written yet. */
  readonly #waiting = new Set<RotatingFile>();

  /**
   * `most` is the number of files that stay open; default: half of the files that this process may open, because
   * connections need the other half.
   */
  constructor(limits: LogLimits, onProblem: (cause: unknown) => void, most = mayOpen() / 2) {
    this.#limits = limits;
    this.#onProblem = onProblem;
    this.#most = most;
  }

  /**
   * Appends a line to a file and opens it if needed. Lines that arrive before the next microtask are written together.
   * Throws errors of the disk, or reports them when the lines are written.
   */
  write(path: string, line: string, ts: string): void {
    this.#file(path).add(line, ts);
  }

  /** Appends lines that arrived together; `bytes` are the lines with their line ends. */
  writeAll(path: string, lines: readonly string[], bytes: Uint8Array, ts: string): void {
    this.#file(path).addAll(lines, bytes, ts);
  }

  /** An open file, which is flushed in the next microtask. */
  #file(path: string): RotatingFile {
    const file = this.#files.get(path) ?? new RotatingFile(path, this.#limits);
    this.#files.delete(path);
    this.#files.set(path, file);
    if (this.#files.size > this.#most) this.#closeOldest(Math.ceil(this.#most * CLOSED_AT_ONCE));
    if (this.#waiting.size === 0) queueMicrotask(() => this.#flush());
    this.#waiting.add(file);
    return file;
  }

  #flush(): void {
    for (const file of this.#waiting) this.#attempt(() => file.flush());
    this.#waiting.clear();
  }

  #attempt(work: () => void): void {
    try {
      work();
    } catch (cause) {
      this.#onProblem(cause);
    }
  }

  /** Closes the files of one directory. */
  closeIn(directory: string): void {
    for (const path of this.#files.keys()) if (path.startsWith(`${directory}/`)) this.#close(path);
  }

  close(): void {
    for (const path of this.#files.keys()) this.#close(path);
  }

  #closeOldest(count: number): void {
    let left = count;
    for (const path of this.#files.keys()) {
      if (left === 0) return;
      this.#close(path);
      left -= 1;
    }
  }

  #close(path: string): void {
    const file = this.#files.get(path);
    this.#files.delete(path);
    if (!file) return;
    this.#waiting.delete(file);
    this.#attempt(() => file.close());
  }
}

/** The number of files that this process may open. Node raises its soft limit to the hard one when it starts. */
function mayOpen(): number {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? 2 * FEW : Number(soft);
  } catch {
    return 2 * FEW; // not Linux
  }
}
