import { readFileSync } from "node:fs";
import { type LogLimits, RotatingFile } from "./rotating-file.ts";

/** The maximum number of open files if the limit of the process is unknown. */
const FEW = 256;

/**
 * The fraction of the maximum number of open files that is closed when that number is exceeded. Files are closed in
 * groups, because finding the oldest entry of a map takes longer with every entry that was deleted before it.
 */
const CLOSED_AT_ONCE = 0.1;

/**
 * The open log files, least recently used first. A fleet may have more workers than a process may open files, and each
 * worker has two files. If the files in use exceed the limit, almost every line opens one file and closes another.
 */
export class OpenFiles {
  readonly #limits: LogLimits;
  readonly #most: number;
  readonly #files = new Map<string, RotatingFile>();

  readonly #onProblem: (cause: unknown) => void;
  /** Files with lines that are not written yet. */
  readonly #waiting = new Set<RotatingFile>();

  /**
   * `most` is the maximum number of open files; default: half of the files that this process may open, because
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

  /** Appends lines that arrived together; `bytes` contains the lines with their newlines. */
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

/** The number of files that this process may open. Node raises its soft limit to the hard limit when it starts. */
function mayOpen(): number {
  try {
    const [, soft] = /^Max open files +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8")) ?? [];
    return soft === undefined ? 2 * FEW : Number(soft);
  } catch {
    return 2 * FEW; // this is not Linux
  }
}
