import { closeSync, openSync, readSync } from "node:fs";

/** A file to read, or a range of its bytes. Another process may be writing to the file. */
export interface FilePart {
  readonly path: string;
  /** The descriptor of the open file; it stays open. */
  readonly file?: number;
  /** The offset to start at, which must be the start of a line; default: 0. */
  readonly start?: number;
  /** The offset to end at; default: the end of the file. */
  readonly end?: number;
}

const CHUNK = 64 * 1024;

/** The maximum length of a log line, in bytes. Longer lines are skipped. */
const LONGEST = 256 * 1024;

/** The lines of several files in order; at most one chunk is in memory. */
export class FileLines {
  readonly #parts: FilePart[];
  readonly #lost: () => void;
  readonly #chunk = Buffer.allocUnsafe(CHUNK);
  #file: number | undefined;
  #position = 0;
  #rest: Buffer = Buffer.alloc(0);
  #skipping = false;
  #lines: string[] = [];
  #at = 0;

  /** `lost` is called for every line that is too long. */
  constructor(parts: readonly FilePart[], lost: () => void) {
    this.#parts = [...parts];
    this.#position = parts[0]?.start ?? 0;
    this.#lost = lost;
  }

  /** The next line without its newline; undefined after the last line. Throws errors of the file system. */
  next(): string | undefined {
    while (this.#at >= this.#lines.length) if (!this.#fill()) return undefined;
    const line = this.#lines[this.#at];
    this.#at += 1;
    return line;
  }

  close(): void {
    if (this.#file !== undefined && this.#parts[0]?.file === undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  /** Reads the next chunk; returns false at the end. */
  #fill(): boolean {
    const [part] = this.#parts;
    if (!part) return false;
    this.#file ??= part.file ?? openSync(part.path, "r");
    const left = Math.min(CHUNK, (part.end ?? Number.MAX_SAFE_INTEGER) - this.#position);
    const bytes = left > 0 ? readSync(this.#file, this.#chunk, 0, left, this.#position) : 0;
    this.#position += bytes;
    if (bytes === 0) this.#endPart();
    else this.#take(this.#chunk.subarray(0, bytes));
    return true;
  }

  #endPart(): void {
    this.#use(this.#rest.length > 0 && !this.#skipping ? [this.#rest.toString("utf8")] : []);
    this.#rest = Buffer.alloc(0);
    this.#skipping = false;
    this.close();
    this.#parts.shift();
    this.#position = this.#parts[0]?.start ?? 0;
  }

  #take(chunk: Buffer): void {
    const last = chunk.lastIndexOf(0x0a);
    if (last === -1) {
      this.#keep(chunk);
      this.#use([]);
      return;
    }
    const whole = Buffer.concat([this.#rest, chunk.subarray(0, last)]);
    const lines = whole.toString("utf8").split("\n");
    this.#use(this.#skipping ? lines.slice(1) : lines);
    this.#skipping = false;
    this.#rest = Buffer.from(chunk.subarray(last + 1));
  }

  #keep(chunk: Buffer): void {
    if (this.#skipping) return;
    this.#rest = Buffer.concat([this.#rest, chunk]);
    if (this.#rest.length <= LONGEST) return;
    this.#rest = Buffer.alloc(0);
    this.#skipping = true;
    this.#lost();
  }

  #use(lines: string[]): void {
    this.#lines = lines;
    this.#at = 0;
  }
}
