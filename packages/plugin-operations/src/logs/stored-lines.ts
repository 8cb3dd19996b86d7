import { timeOf } from "@maand/core/readonly";
import { FileLines, type FilePart } from "./file-lines.ts";

/** One line of a log file. */
export interface StoredLine {
  readonly text: string;
  /** The time when the line was written; for a line without a time, the time of the previous line. */
  readonly ts: string;
  /** True for a line with only the output of a command, in the format of older versions: `| text`, `! text`. */
  readonly bare: boolean;
}

/** The part of a log file that could not be read. */
export interface LogProblem {
  /** Its name, such as `10.0.0.1.log`. */
  readonly name: string;
  /** The number of lines that are not log lines. */
  readonly lines: number;
  /** Why reading stopped; undefined if it did not. */
  readonly message: string | undefined;
}

/** The lines of one log, from its rotated files to the current one; counts lines that are not log lines. */
export class StoredLines {
  readonly #name: string;
  readonly #lines: FileLines;
  #unreadable = 0;
  #message: string | undefined;
  #ts = "";

  constructor(name: string, parts: readonly FilePart[]) {
    this.#name = name;
    this.#lines = new FileLines(parts, () => {
      this.#unreadable += 1;
    });
  }

  /** The next log line, or undefined after the last line. */
  next(): StoredLine | undefined {
    for (let text = this.#read(); text !== undefined; text = this.#read()) {
      const line = storedLine(text, this.#ts);
      if (line) this.#ts = line.ts;
      if (line) return line;
      if (text !== "") this.#unreadable += 1;
    }
    return undefined;
  }

  /** The part that could not be read so far; undefined if everything could be read. */
  problem(): LogProblem | undefined {
    if (this.#unreadable === 0 && this.#message === undefined) return undefined;
    return { name: this.#name, lines: this.#unreadable, message: this.#message };
  }

  close(): void {
    this.#lines.close();
  }

  #read(): string | undefined {
    try {
      return this.#lines.next();
    } catch (cause) {
      this.#message = cause instanceof Error ? cause.message : String(cause);
      return undefined;
    }
  }
}

/** Control characters, which a log line never contains, because maand escapes them. */
const RUBBISH = /(?!\t)\p{Cc}/u;

/** Parses a log line; returns undefined if the text is not one. `before` is the time of the previous line. */
export function storedLine(text: string, before: string): StoredLine | undefined {
  if (RUBBISH.test(text)) return undefined;
  const ts = timeOf(text);
  if (ts !== undefined) return { text, ts, bare: false };
  return /^[|!] /.test(text) ? { text, ts: before, bare: true } : undefined;
}
