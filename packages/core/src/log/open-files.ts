import { type LogLimits, RotatingFile } from "./rotating-file.ts";

/** Maximum number of open files; a fleet may have more workers than a process may open files. */
const MOST = 256;

/** The open log files, least recently used first. */
export class OpenFiles {
  readonly #limits: LogLimits;
  readonly #files = new Map<string, RotatingFile>();

  constructor(limits: LogLimits) {
    this.#limits = limits;
  }

  /** Appends a line to a file and opens it if needed. Throws errors of the disk. */
  write(path: string, line: string, ts: string): void {
    const file = this.#files.get(path) ?? new RotatingFile(path, this.#limits);
    this.#files.delete(path);
    this.#files.set(path, file);
    if (this.#files.size > MOST) this.#closeOldest();
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
