import { MaandError } from "@maand/core";
import type { TracedCall, Tracer } from "@maand/core/internal";
import * as v from "valibot";
import { type Lanes, laneOf } from "./lanes.ts";
import { type TraceRow, toMicroseconds, traceRows } from "./rows.ts";

/**
 * Calls of `event` taps that are shorter than this time appear only in the rows, because there is a call for each
 * printed line.
 */
const SHORT_EVENT_MS = 1;

/** The command that is traced. */
export interface TracedCommand {
  /** `deploy`, `deploy --dry-run`. */
  readonly command: string;
  readonly startedAt: Date;
}

/**
 * The text of a trace file: JSON in the trace event format of Chrome, which ui.perfetto.dev shows. Each unit has a
 * track. The file also contains the rows of the table.
 */
export function traceText(tracer: Tracer, { command, startedAt }: TracedCommand): string {
  const nowMs = tracer.elapsedMs();
  const lanes: Lanes = new Map();
  const calls = tracer.calls
    .filter(({ hook, startMs, endMs }) => hook !== "event" || (endMs ?? nowMs) - startMs >= SHORT_EVENT_MS)
    .map((call) => callEvent(call, nowMs, laneOf(lanes, call)));
  const otherData = {
    made_by: MADE_BY,
    run: tracer.run ?? null,
    command,
    started_at: startedAt.toISOString(),
    duration_ms: toMicroseconds(nowMs),
    rows: traceRows(tracer.calls, nowMs),
  };
  const names = [nameEvent("process_name", 0, `maand ${command}`), ...laneNames(lanes)];
  return `${JSON.stringify({ displayTimeUnit: "ms", otherData, traceEvents: [...names, ...calls] })}\n`;
}

/** What a trace file contains about its run. */
export type TraceSummary = v.InferOutput<typeof TRACE>["otherData"];

/** Parses a trace file. Throws USAGE for any other file; `name` is its name in the error. */
export function readTrace(text: string, name: string): TraceSummary {
  try {
    return v.parse(TRACE, JSON.parse(text)).otherData;
  } catch (cause) {
    throw new MaandError({
      code: "USAGE",
      message: `${name} is not a trace file of maand`,
      hint: "to write one, run maand deploy --trace, which prints its path",
      cause,
    });
  }
}

const MADE_BY = "maand";

const ROW = v.object({
  hook: v.string(),
  plugin: v.string(),
  unit: v.string(),
  calls: v.number(),
  failed: v.number(),
  unfinished: v.number(),
  total_ms: v.number(),
  longest_ms: v.number(),
} satisfies Record<keyof TraceRow, unknown>);

const TRACE = v.object({
  otherData: v.object({
    made_by: v.literal(MADE_BY),
    run: v.nullable(v.string()),
    command: v.string(),
    started_at: v.string(),
    duration_ms: v.number(),
    rows: v.array(ROW),
  }),
});

/** The id of the only process in a trace. Its threads are the tracks. */
const PID = 1;

function callEvent({ hook, plugin, unit, startMs, endMs, failed }: TracedCall, nowMs: number, tid: number) {
  return {
    ph: "X",
    pid: PID,
    tid,
    name: `${plugin} ${hook}`,
    cat: hook,
    ts: microseconds(startMs),
    dur: microseconds((endMs ?? nowMs) - startMs),
    args: {
      plugin,
      hook,
      ...(unit === "" ? {} : { unit }),
      ...(failed ? { failed } : {}),
      ...(endMs === undefined ? { unfinished: true } : {}),
    },
  };
}

function laneNames(lanes: Lanes) {
  const tracks = [...lanes].flatMap(([unit, own]) =>
    own.map(({ tid }, at) => ({ tid, name: `${unit === "" ? "run" : unit}${at === 0 ? "" : ` (${at + 1})`}` })),
  );
  return tracks.flatMap(({ tid, name }, at) => [
    nameEvent("thread_name", tid, name),
    { ph: "M", pid: PID, tid, name: "thread_sort_index", args: { sort_index: at } },
  ]);
}

function nameEvent(name: string, tid: number, text: string) {
  return { ph: "M", pid: PID, tid, name, args: { name: text } };
}

/** Converts to microseconds, the unit of the format; fractions are meaningless. */
function microseconds(ms: number): number {
  return Math.round(ms * 1e3);
}
