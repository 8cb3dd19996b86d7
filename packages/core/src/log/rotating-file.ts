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

/** How large log files may grow. */
export interface LogLimits {
  /** Bytes at which a file is put aside and a new one begun. */
  readonly maxBytes: number;
  /** Files put aside that are kept of each, besides the one that grows. */
  readonly keepFiles: number;
}

const NEWLINE = 0x0a;

/**
 * A file that lines are added to, by several processes at once. When it is full it is renamed to
 * `<name>-<time of the line that comes next>` and begun anew; who still has the old one open notices before the next
 * time it is full.
 */
export class RotatingFile {
  readonly #path: string;
  readonly #limits: LogLimits;
  #file = -1;
  #size = 0;
  /** The last line there has no end: a disk was full, or somebody died. */
  #torn = false;

  /** Opens or makes the file, private. Throws what the disk says. */
  constructor(path: string, limits: LogLimits) {
    this.#path = path;
    this.#limits = limits;
    this.#open();
  }

  /** Adds a line in one write, so that lines of several processes never mix. `ts` is when it was said. */
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

/** The files that were put aside of a log file, the oldest first. */
export function putAside(path: string, names = readdirSync(dirname(path))): string[] {
  const start = `${basename(path)}-`;
  return names
    .filter((name) => name.startsWith(start) && /^\d{8}T\d{9}Z$/.test(name.slice(start.length)))
    .sort()
    .map((name) => join(dirname(path), name));
}
