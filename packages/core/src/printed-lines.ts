import type { MaandEvent } from "./events.ts";

/** The event of a line that a command or a plugin printed. */
export type OutputEvent = Extract<MaandEvent, { type: "output" }>;

/**
 * Lines that arrived together from one source. Each line is a separate event. The events of later lines differ from the
 * first event in `line` and in `seq`, which increases by one.
 */
export interface PrintedLines {
  /** The event of the first line. */
  readonly first: OutputEvent;
  /** All lines, with secrets masked; at least one. */
  readonly lines: readonly string[];
}

/** An `event` tap. If it has `readLines`, that function is called once for lines that arrived together. */
export interface EventReader {
  (event: MaandEvent): void;
  readLines?(printed: PrintedLines): void;
  /** Undefined while it keeps up; otherwise a promise that resolves when it has caught up. Commands wait until then. */
  backPressure?(): Promise<void> | undefined;
}

/** The events of lines as JSON, in order. The fields that they have in common are formatted once. */
export function eventTexts({ first, lines }: PrintedLines): string[] {
  const { seq, at, run, type, stream, worker, job } = first;
  const before = `,${JSON.stringify({ at, run, type }).slice(1, -1)},"line":`;
  const after = `,${JSON.stringify({ stream, worker, job }).slice(1)}`;
  return lines.map((line, number) => `{"seq":${seq + number}${before}${JSON.stringify(line)}${after}`);
}

/** The events of lines, in order. */
export function eventsOf({ first, lines }: PrintedLines): OutputEvent[] {
  const { seq, at, run, type, stream, worker, job } = first;
  return lines.map((line, number) => ({ seq: seq + number, at, run, type, line, stream, worker, job }));
}
