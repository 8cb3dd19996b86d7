import { readFileSync } from "node:fs";
import { type LogLimits, RotatingFile } from "./rotating-file.ts";

/** Number of files that may be open where the limit of the process is not known. */
const FEW = 256;

/**
 * The open log files, least recently used first. A fleet may have more workers than a process may open files. Each worker has two:
 * if they do not all stay open, almost every line opens a file and closes another.
 */
export class OpenFiles {
  readonly #limits: LogLimits;
  readonly #most: number;
  readonly #files = new Map<string, RotatingFile>();

  /** At most so many files stay open; default: half of what this process may open, because connections need the other half. */
  constructor(limits: LogLimits, most = mayOpen() / 2) {
    this.#limits = limits;
    this.#most = most;
  }

  /** Appends a line to a file and opens it if needed. Throws errors of the disk. */
  write(path: string, line: string, ts: string): void {
    const file = this.#files.get(path) ?? new RotatingFile(path, this.#limits);
    this.#files.delete(path);
    this.#files.set(path, file);
    if (this.#files.size > this.#most) this.#closeOldest();
    file.write(line, ts);
  }

  /** Closes the files of one directory. */
  closeIn(directory: string): void {
    for (const path of this.#files.keys()) if (path.startsWith(`${directory}/`)) this.#close(path);
  }

  close(): void {
    for (const path of this.#files.keys()) this.#close(path);
  }

  #closeOldest(): void {
    const [oldest] = this.#files.keys();
    if (oldest !== undefined) this.#close(oldest);
  }

  #close(path: string): void {
    this.#files.get(path)?.close();
    this.#files.delete(path);
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
