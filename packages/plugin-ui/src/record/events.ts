import type { MaandEvent } from "@maand/core";
import type { EventsAnswer } from "../contract.ts";
import type { RecordFile } from "./record-file.ts";
import { linesBefore, linesFrom, type RecordLine } from "./record-lines.ts";

/** The maximum number of bytes that one request reads. */
const MOST_BYTES = 16 * 1024 * 1024;

/** The event of a line; undefined for an incomplete event, such as after a full disk. */
export function eventIn(text: string): MaandEvent | undefined {
  try {
    const event: MaandEvent = JSON.parse(text);
    return typeof event?.seq === "number" && typeof event.type === "string" ? event : undefined;
  } catch {
    return undefined;
  }
}

/** Whether a line is an output event. Does not parse the whole line, because most lines are output. */
export function isOutput(text: string): boolean {
  return text.slice(0, 200).includes('"type":"output"');
}

/** A selection of events. */
export interface EventsAfter {
  /** A `seq`; 0 for all. */
  readonly after: number;
  readonly limit: number;
  /**
   * The position, from an earlier response, at which the event after `after` may begin; undefined to search from the
   * beginning.
   */
  readonly cursor: number | undefined;
}

/** The events after a `seq`, without output. */
export function eventsAfter(record: RecordFile, { after, limit, cursor }: EventsAfter): EventsAnswer {
  const events: MaandEvent[] = [];
  const start = cursor !== undefined && isAt(record, cursor, after) ? cursor : 0;
  let last = after;
  let position = start;
  let isOver = false;
  let more = false;
  for (const line of linesFrom(record, start)) {
    if (events.length >= limit || line.end - start > MOST_BYTES) {
      more = true;
      break;
    }
    position = line.end;
    const seq = seqIn(line);
    if (seq === undefined || seq <= after) continue;
    last = seq;
    if (isOutput(line.text)) continue;
    const event = eventIn(line.text);
    if (!event) continue;
    events.push(event);
    isOver = event.type === "run.finished";
  }
  return {
    events,
    last,
    cursor: position,
    more,
    over: isOver || (!more && lastEvent(record)?.type === "run.finished"),
  };
}

/** The last event of a record; undefined if it has none. */
export function lastEvent(record: RecordFile): MaandEvent | undefined {
  for (const { text } of linesBefore(record, record.size)) {
    const event = eventIn(text);
    if (event) return event;
  }
  return undefined;
}

/** Whether a position is the start of the event after a `seq`, or the end of the record. */
function isAt(record: RecordFile, cursor: number, after: number): boolean {
  if (cursor < 0 || cursor > record.size) return false;
  for (const line of linesBefore(record, cursor)) {
    const seq = line.end === cursor ? seqIn(line) : undefined;
    return seq !== undefined && seq <= after;
  }
  return cursor === 0;
}

function seqIn({ text }: RecordLine): number | undefined {
  const found = /^\{"seq":(\d+),/.exec(text);
  return found ? Number(found[1]) : eventIn(text)?.seq;
}
