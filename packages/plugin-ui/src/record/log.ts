import type { LogAnswer, LogLine } from "../contract.ts";
import { eventIn, isOutput } from "./events.ts";
import type { RecordFile } from "./record-file.ts";
import { linesBefore, linesFrom, type RecordLine } from "./record-lines.ts";

/**
 * The maximum number of bytes that one request reads. If they contain no matching line, the next request continues
 * there.
 */
const MOST_BYTES = 8 * 1024 * 1024;

/** A selection of lines of output. */
export interface LogRequest {
  readonly job: string | undefined;
  readonly worker: string | undefined;
  /** Lines above this position. */
  readonly before: number | undefined;
  /** Lines below this position. */
  readonly after: number | undefined;
  readonly limit: number;
}

/** Lines of output, oldest first; without a position, the last lines. */
export function logLines(record: RecordFile, request: LogRequest): LogAnswer {
  return request.after === undefined
    ? linesAbove(record, request, Math.min(request.before ?? record.size, record.size))
    : linesBelow(record, request, Math.min(request.after, record.size));
}

function linesAbove(record: RecordFile, request: LogRequest, position: number): LogAnswer {
  const lines: LogLine[] = [];
  let before = position;
  let after = position;
  let isFirst = true;
  for (const line of linesBefore(record, position)) {
    if (isFirst) after = line.end; // a line that is still being written will be returned later
    isFirst = false;
    if (lines.length >= request.limit || position - line.start > MOST_BYTES)
      return { lines: lines.reverse(), before, after, size: record.size };
    before = line.start;
    const found = outputIn(line, request);
    if (found) lines.push(found);
  }
  return { lines: lines.reverse(), before: null, after: isFirst ? 0 : after, size: record.size };
}

function linesBelow(record: RecordFile, request: LogRequest, position: number): LogAnswer {
  const lines: LogLine[] = [];
  let after = position;
  for (const line of linesFrom(record, position)) {
    if (lines.length >= request.limit || line.end - position > MOST_BYTES) break;
    after = line.end;
    const found = outputIn(line, request);
    if (found) lines.push(found);
  }
  return { lines, before: position === 0 ? null : position, after, size: record.size };
}

/** The output in a line, if it belongs to the requested job and worker. */
function outputIn({ text }: RecordLine, { job, worker }: LogRequest): LogLine | undefined {
  if (!isOutput(text)) return undefined;
  const event = eventIn(text);
  if (event?.type !== "output") return undefined;
  if ((job !== undefined && event.job !== job) || (worker !== undefined && event.worker !== worker)) return undefined;
  return { seq: event.seq, at: event.at, stream: event.stream, job: event.job, worker: event.worker, text: event.line };
}
