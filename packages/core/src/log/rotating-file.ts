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
/** The number of waiting characters at which they are written. */
const BATCH = 64 * 1024;
/**
 * The number of bytes at which lines that arrived together are written directly, and are not added to the waiting
 * lines.
 */
const BLOCK = 4 * 1024;

/**
 * A log file that several processes append to. A full file is renamed to `<name>-<time of the next line>`, and a new
 * file is created. A process that still has the old file open appends to the old file until the size that this process
 * counted reaches the limit.
 */
export class RotatingFile {
  readonly #path: string;
  readonly #limits: LogLimits;
  #file = -1;
  #size = 0;
  /** Whether the last line lacks a newline, because the disk was full or a process was killed. */
  #torn = false;
  /** Lines that were added but not yet written. */
  #waiting = "";

  /** Opens or creates the file with private permissions. Throws errors of the disk. */
  constructor(path: string, limits: LogLimits) {
    this.#path = path;
    this.#limits = limits;
    this.#open();
  }

  /**
   * Adds a line, which {@link flush} writes. A command may print thousands of lines in a row, and one system call per
   * line would take longer than all other work. `ts` is the time of the line. Throws errors of the disk.
   */
  add(line: string, ts: string): void {
    const bytes = Buffer.byteLength(line) + 1;
    if (this.#size > 0 && this.#size + bytes > this.#limits.maxBytes) {
      this.flush();
      this.#turn(ts);
    }
    this.#waiting += `${line}\n`;
    this.#size += bytes;
    if (this.#waiting.length >= BATCH) this.flush();
  }

  /**
   * Adds lines that arrived together. If there are many, they are written immediately. `bytes` contains the lines with
   * their newlines. Throws errors of the disk.
   */
  addAll(lines: readonly string[], bytes: Uint8Array, ts: string): void {
    if (bytes.length < BLOCK || this.#size + bytes.length > this.#limits.maxBytes) {
      for (const line of lines) this.add(line, ts);
      return;
    }
    this.flush();
    this.#size += bytes.length;
    this.#write(bytes);
  }

  /** Writes the waiting lines in one call, so that lines of several processes never mix. Throws errors of the disk. */
  flush(): void {
    if (this.#waiting === "") return;
    const bytes = Buffer.from(this.#waiting);
    this.#waiting = "";
    this.#write(bytes);
  }

  #write(lines: Uint8Array): void {
    const bytes = this.#torn ? Buffer.concat([Buffer.of(NEWLINE), lines]) : lines;
    this.#torn = writeSync(this.#file, bytes) < bytes.length;
    if (this.#torn) throw new Error("the disk took only a part of a line");
  }

  /** Throws errors of the disk. */
  close(): void {
    try {
      this.flush();
    } finally {
      closeSync(this.#file);
    }
  }

  #turn(ts: string): void {
    const path = this.#path;
    const mine = fstatSync(this.#file).ino;
    if (statSync(path, { throwIfNoEntry: false })?.ino === mine) {
      renameSync(path, `${path}-${nameAfter(putAside(path).at(-1), ts)}`);
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

/**
 * Returns the time in the name of the next rotated file. The name must sort after the newest rotated file, although
 * several files may fill up within a millisecond.
 */
function nameAfter(newest: string | undefined, ts: string): string {
  const [, ...parts] = /-(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\d)(\d{3})Z$/.exec(newest ?? "") ?? [];
  const [year, month, day, minutes, seconds, ms] = parts;
  const last = newest === undefined ? 0 : Date.parse(`${year}-${month}-${day}:${minutes}:${seconds}.${ms}Z`);
  return new Date(Math.max(Date.parse(ts), last + 1)).toISOString().replace(/[-:.]/g, "");
}

/** The rotated files of a log file, oldest first. */
export function putAside(path: string, names = readdirSync(dirname(path))): string[] {
  const start = `${basename(path)}-`;
  return names
    .filter((name) => name.startsWith(start) && /^\d{8}T\d{9}Z$/.test(name.slice(start.length)))
    .sort()
    .map((name) => join(dirname(path), name));
}
