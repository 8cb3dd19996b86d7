import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";

/** Size limits of log files. */
export interface LogLimits {
  /** Size in bytes at which a file is rotated. */
  readonly maxBytes: number;
  /** Number of rotated files to keep, in addition to the current one. */
  readonly keepFiles: number;
}

const NEWLINE = 0x0a;

/**
 * A log file that several processes append to. A full file is renamed to `<name>-<time of the next line>` and a new one is
 * created. A process that still has the old file open notices before the new one is full.
 */
export class RotatingFile {
  readonly #path: string;
  readonly #limits: LogLimits;
  #file = -1;
  #size = 0;
  /** The last line has no line end: the disk was full, or a process died. */
  #torn = false;

  /** Opens or creates the file with private permissions. Throws errors of the disk. */
  constructor(path: string, limits: LogLimits) {
    this.#path = path;
    this.#limits = limits;
    this.#open();
  }

  /** Appends a line in one write, so that lines of several processes never mix. `ts` is the time of the line. */
  write(line: string, ts: string): void {
    const bytes = Buffer.from(`${this.#torn ? "\n" : ""}${line}\n`);
    if (this.#size > 0 && this.#size + bytes.length > this.#limits.maxBytes) this.#turn(ts);
    const written = writeSync(this.#file, bytes);
    this.#size += written;
    this.#torn = written < bytes.length;
    if (this.#torn) throw new Error("the disk took only a part of a line");
  }

  close(): void {
    closeSync(this.#file);
  }

  #turn(ts: string): void {
    const path = this.#path;
    const mine = fstatSync(this.#file).ino;
    if (statSync(path, { throwIfNoEntry: false })?.ino === mine) {
      renameSync(path, `${path}-${ts.replace(/[-:.]/g, "")}`);
      for (const old of putAside(path).slice(0, -this.#limits.keepFiles || undefined)) rmSync(old, { force: true });
    }
    closeSync(this.#file);
    this.#open();
  }

  #open(): void {
    this.#file = openSync(this.#path, "a+", 0o600);
    this.#size = fstatSync(this.#file).size;
    const last = Buffer.alloc(1);
    this.#torn = this.#size > 0 && readSync(this.#file, last, 0, 1, this.#size - 1) === 1 && last[0] !== NEWLINE;
  }
}

/** The rotated files of a log file, oldest first. */
export function putAside(path: string, names = readdirSync(dirname(path))): string[] {
  const start = `${basename(path)}-`;
  return names
    .filter((name) => name.startsWith(start) && /^\d{8}T\d{9}Z$/.test(name.slice(start.length)))
    .sort()
    .map((name) => join(dirname(path), name));
}
