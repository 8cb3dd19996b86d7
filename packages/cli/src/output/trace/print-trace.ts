import { type Column, duration, plural } from "@maand/command";
import { hookRows, type TraceRow } from "./rows.ts";
import type { TraceSummary } from "./trace-file.ts";

/** The parts of a command that print a trace. */
interface Printer {
  print(text: string): void;
  printTable(columns: readonly Column[], rows: readonly (readonly (string | number)[])[]): void;
}

/** Prints how a run spent its time: a table by hook and plugin, and with `byUnit` another table by unit. */
export function printTrace(printer: Printer, { command, duration_ms, rows }: TraceSummary, byUnit = false): void {
  const hooks = hookRows(rows);
  const calls = hooks.reduce((sum, row) => sum + row.calls, 0);
  printer.print(`${command} took ${duration(duration_ms)}; ${plural(calls, "call")} of taps:`);
  printer.printTable(
    HOOKS,
    hooks.map((row) => [row.hook, row.plugin, ...figures(row), row.longest_unit === "" ? "run" : row.longest_unit]),
  );
  if (!byUnit) return;
  const slowest = [...rows].sort((a, b) => b.total_ms - a.total_ms);
  printer.printTable(
    UNITS,
    slowest.map((row) => [row.unit === "" ? "run" : row.unit, row.hook, row.plugin, ...figures(row)]),
  );
}

const FIGURES = ["calls", { name: "failed", dropOrder: 2 }, "total", "longest"] as const;
const HOOKS: readonly Column[] = [
  "hook",
  { name: "plugin", minWidth: 8 },
  ...FIGURES,
  { name: "longest for", dropOrder: 1 },
];
const UNITS: readonly Column[] = [{ name: "unit", minWidth: 12 }, "hook", { name: "plugin", minWidth: 8 }, ...FIGURES];

function figures(row: Omit<TraceRow, "unit">): (string | number)[] {
  const open = row.unfinished === 0 ? "" : "+"; // a call was still running when the trace was written
  return [row.calls, row.failed, `${time(row.total_ms)}${open}`, `${time(row.longest_ms)}${open}`];
}

function time(ms: number): string {
  return ms >= 0.05 && ms < 10 ? `${ms.toFixed(1)}ms` : duration(ms);
}
