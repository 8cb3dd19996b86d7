import { timeOf } from "@maand/core/readonly";
import { FileLines, type FilePart } from "./file-lines.ts";

/** One line of a log file. */
export interface StoredLine {
  readonly text: string;
  /** When it was written; of a line that says nothing about it, the time of the one before. */
  readonly ts: string;
  /** Only what a command printed, as an older maand kept it: `| text`, `! text`. */
  readonly bare: boolean;
}

/** What could not be read of a log file. */
export interface LogProblem {
  /** Its name, such as `10.0.0.1.log`. */
  readonly name: string;
  /** Lines that are none. */
  readonly lines: number;
  /** Why the file could not be read on; undefined if it could. */
  readonly message: string | undefined;
}

/** The lines of one log, from the files that were put aside to the one that grows; what is no line is counted. */
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

  /** The next line that is one, or undefined after the last. */
  next(): StoredLine | undefined {
    for (let text = this.#read(); text !== undefined; text = this.#read()) {
      const line = storedLine(text, this.#ts);
      if (line) this.#ts = line.ts;
      if (line) return line;
      if (text !== "") this.#unreadable += 1;
    }
    return undefined;
  }

  /** What could not be read so far; undefined while all could. */
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

/** Signs no line of ours holds: they are always escaped. */
const RUBBISH = /(?!\t)\p{Cc}/u;

/** A text as a line of a log; undefined if it is none. `before` is the time of the line before it. */
export function storedLine(text: string, before: string): StoredLine | undefined {
  if (RUBBISH.test(text)) return undefined;
  const ts = timeOf(text);
  if (ts !== undefined) return { text, ts, bare: false };
  return /^[|!] /.test(text) ? { text, ts: before, bare: true } : undefined;
}
