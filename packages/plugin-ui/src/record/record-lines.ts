import type { RecordFile } from "./record-file.ts";

/** A line of a record, and its position. */
export interface RecordLine {
  readonly text: string;
  /** Position of its first byte, and of the byte after its end. */
  readonly start: number;
  readonly end: number;
}

const CHUNK = 256 * 1024;
const FIRST = 8 * 1024;
/** The maximum length of a line, in bytes. maand never writes longer lines; they are skipped. */
const LONGEST = 8 * 1024 * 1024;

/**
 * The complete lines from a position, which must be the start of a line. A last line without an end is still being
 * written.
 */
export function* linesFrom(record: RecordFile, position: number): Generator<RecordLine> {
  let rest: Buffer = Buffer.alloc(0);
  let restAt = position;
  for (let at = position; at < record.size; ) {
    const chunk = record.read(at, CHUNK);
    if (chunk.length === 0) return;
    at += chunk.length;
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, from)) {
      yield { text: bytes.toString("utf8", from, end), start: restAt + from, end: restAt + end + 1 };
      from = end + 1;
    }
    rest = bytes.subarray(from);
    restAt += from;
    if (rest.length > LONGEST) {
      restAt += rest.length;
      rest = Buffer.alloc(0);
    }
  }
}

/** The complete lines before a position, the last line first. At most one chunk and one line are in memory. */
export function* linesBefore(record: RecordFile, position: number): Generator<RecordLine> {
  let rest: Buffer = Buffer.alloc(0);
  let isWhole = false;
  let step = FIRST; // often only the last line is needed
  for (let at = position; at > 0; ) {
    const length = Math.min(step, at);
    step = CHUNK;
    at -= length;
    const chunk = record.read(at, length);
    const bytes = rest.length === 0 ? chunk : Buffer.concat([chunk, rest]);
    let end = bytes.length;
    for (
      let line = bytes.lastIndexOf(NEWLINE, end - 1);
      line !== -1;
      line = end > 0 ? bytes.lastIndexOf(NEWLINE, end - 1) : -1
    ) {
      // the text after the last line end is not a complete line
      if (isWhole && line + 1 < end)
        yield { text: bytes.toString("utf8", line + 1, end), start: at + line + 1, end: at + end + 1 };
      isWhole = true;
      end = line;
    }
    rest = Buffer.from(bytes.subarray(0, end));
    if (rest.length > LONGEST) rest = Buffer.alloc(0);
  }
  if (isWhole && rest.length > 0) yield { text: rest.toString("utf8"), start: 0, end: rest.length + 1 };
}

const NEWLINE = 0x0a;
