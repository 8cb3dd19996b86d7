import type { LogAnswer, LogLine } from "../../../src/contract.ts";

/** The kept part of a log: consecutive responses. */
export interface LogWindow {
  readonly chunks: readonly LogAnswer[];
  /** Whether it includes the end of the record so far. */
  readonly isAtEnd: boolean;
}

/** The maximum number of kept lines, which limits the memory for a long log. */
const MOST_LINES = 20_000;

/** A log opened at its end. */
export function openWindow(last: LogAnswer): LogWindow {
  return { chunks: [last], isAtEnd: true };
}

/** Adds the lines above; drops lines at the other end if there are too many. */
export function withOlder({ chunks, isAtEnd }: LogWindow, older: LogAnswer): LogWindow {
  const all = [older, ...chunks];
  const kept = all.slice(0, fitting(all));
  return { chunks: kept, isAtEnd: isAtEnd && kept.length === all.length };
}

/** Adds the lines below; drops lines at the other end if there are too many. */
export function withNewer({ chunks }: LogWindow, newer: LogAnswer): LogWindow {
  const all = [...chunks, newer];
  const kept = all.slice(all.length - fitting(all.toReversed()));
  return { chunks: merged(kept), isAtEnd: newer.after >= newer.size };
}

/** The position for requesting the lines above; null at the beginning. */
export function olderThan({ chunks }: LogWindow): number | null {
  return chunks[0]?.before ?? null;
}

/** The position for requesting the lines below. */
export function newerThan({ chunks }: LogWindow): number {
  return chunks.at(-1)?.after ?? 0;
}

export function linesOf({ chunks }: LogWindow): readonly LogLine[] {
  return chunks.flatMap(({ lines }) => lines);
}

/** The row of an event's line, or of the next line if that line was dropped. */
export function rowOf(lines: readonly LogLine[], seq: number): number {
  const row = lines.findIndex((line) => line.seq >= seq);
  return row === -1 ? lines.length : row;
}

/** The number of responses that fit, counted from the first response; at least 1. */
function fitting(chunks: readonly LogAnswer[]): number {
  let lines = 0;
  const end = chunks.findIndex((chunk) => {
    lines += chunk.lines.length;
    return lines > MOST_LINES;
  });
  return end === -1 ? chunks.length : Math.max(1, end);
}

/** Combines adjacent small responses, of which a followed log gets many, until they have the usual size. */
function merged(chunks: readonly LogAnswer[]): readonly LogAnswer[] {
  const [last, previous] = [chunks.at(-1), chunks.at(-2)];
  if (!last || !previous || previous.lines.length + last.lines.length > 500) return chunks;
  const both = { ...last, before: previous.before, lines: [...previous.lines, ...last.lines] };
  return [...chunks.slice(0, -2), both];
}

const COLOURS = /\p{Cc}\[[0-9;]*m/gu;
const CONTROLS = /(?!\t)[\p{Cc}\p{Bidi_Control}]/gu;

/**
 * The shown form of a line: without colours, and with other control characters escaped, because they may hide or
 * reorder text.
 */
export function visibleText(text: string): string {
  return text
    .replace(COLOURS, "")
    .replace(CONTROLS, (character) => `\\x${character.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
