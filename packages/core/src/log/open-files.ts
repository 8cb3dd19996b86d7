import { type LogLimits, RotatingFile } from "./rotating-file.ts";

/** Files open at once; a fleet may have more workers than a process may have files. */
const MOST = 256;

/** The log files that are open, the ones used least recently first. */
export class OpenFiles {
  readonly #limits: LogLimits;
  readonly #files = new Map<string, RotatingFile>();

  constructor(limits: LogLimits) {
    this.#limits = limits;
  }

  /** Adds a line to a file, which is opened when it is first needed. Throws what the disk says. */
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
