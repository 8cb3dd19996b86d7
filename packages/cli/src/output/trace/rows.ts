import type { TracedCall } from "@maand/core/internal";

/** The time that one plugin spent in one hook for one unit. */
export interface TraceRow {
  readonly hook: string;
  readonly plugin: string;
  /** `api@10.0.0.1`, `api`, `10.0.0.1`, or an empty string for the whole run. */
  readonly unit: string;
  readonly calls: number;
  /** Calls that threw. */
  readonly failed: number;
  /** Calls that had not ended when the trace was written. */
  readonly unfinished: number;
  /**
   * The sum over all calls in milliseconds, which may exceed the time of the run, because units are processed in
   * parallel.
   */
  readonly total_ms: number;
  readonly longest_ms: number;
}

/**
 * The rows of calls, by hook, plugin and unit, in the order of their first calls. `nowMs` is used as the end of calls
 * that are still running.
 */
export function traceRows(calls: readonly TracedCall[], nowMs: number): TraceRow[] {
  const rows = new Map<string, TraceRow>();
  for (const { hook, plugin, unit, startMs, endMs, failed } of calls) {
    const ms = (endMs ?? nowMs) - startMs;
    const one = { calls: 1, failed: failed ? 1 : 0, unfinished: endMs === undefined ? 1 : 0 };
    add(rows, `${hook} ${plugin} ${unit}`, { hook, plugin, unit, ...one, total_ms: ms, longest_ms: ms });
  }
  return [...rows.values()].map((row) => ({
    ...row,
    total_ms: toMicroseconds(row.total_ms),
    longest_ms: toMicroseconds(row.longest_ms),
  }));
}

/** Rounds milliseconds to three decimals. */
export function toMicroseconds(ms: number): number {
  return Math.round(ms * 1e3) / 1e3;
}

/** A row that covers all units and names the unit of the longest call. */
export interface HookRow extends Omit<TraceRow, "unit"> {
  readonly longest_unit: string;
}

/** Rows by hook and plugin, over all units, longest first. */
export function hookRows(rows: readonly TraceRow[]): HookRow[] {
  const units = new Map<string, TraceRow>();
  for (const row of rows) add(units, `${row.hook} ${row.plugin}`, row);
  return [...units.values()]
    .map(({ unit, ...row }) => ({ ...row, longest_unit: unit }))
    .sort((a, b) => b.total_ms - a.total_ms);
}

/** Adds a row to the row with the same key, which keeps the unit of the longest call. */
function add(rows: Map<string, TraceRow>, key: string, row: TraceRow): void {
  const sum = rows.get(key);
  const longest = sum === undefined || row.longest_ms > sum.longest_ms ? row : sum;
  rows.set(key, {
    hook: row.hook,
    plugin: row.plugin,
    unit: longest.unit,
    calls: row.calls + (sum?.calls ?? 0),
    failed: row.failed + (sum?.failed ?? 0),
    unfinished: row.unfinished + (sum?.unfinished ?? 0),
    total_ms: row.total_ms + (sum?.total_ms ?? 0),
    longest_ms: longest.longest_ms,
  });
}
