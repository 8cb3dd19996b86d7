/** One measurement: its name, its times in milliseconds, and the row with which they are compared. */
export interface Measured {
  readonly name: string;
  readonly ms: readonly number[];
  /** Milliseconds of CPU, run by run. */
  readonly cpuMs?: readonly number[];
  /** The peak memory of each run, in MB. */
  readonly mb?: readonly number[];
  /** The name of the row with which it is compared: the minimum work, measured on this machine in the same run. */
  readonly baseline?: string;
  /** The goal: the maximum ratio to the baseline. */
  readonly goal?: number;
  /** The quantity that is compared with the baseline; default: the time. */
  readonly by?: "ms" | "cpuMs";
  /** The number of operations in the row. If it is set, the row is compared by the cost of one operation. */
  readonly count?: number;
  readonly note?: string;
}

/** The median of some times. */
export function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** The ratio of a row to its baseline; undefined without a baseline. */
export function ratioOf(row: Measured, rows: readonly Measured[]): number | undefined {
  const baseline = rows.find(({ name }) => name === row.baseline);
  return baseline && eachOf(row, row.by) / eachOf(baseline, row.by);
}

/** The cost of one operation of a row, or the complete cost if operations are not counted. */
function eachOf({ count = 1, ...row }: Measured, by: Measured["by"] = "ms"): number {
  return median(row[by] ?? []) / count;
}

/**
 * Lines of a table: name; minimum, median and maximum milliseconds; CPU, memory and baseline where rows have them;
 * note.
 */
export function tableOf(rows: readonly Measured[]): string {
  const columns = COLUMNS.filter(({ of, always }) => always || rows.some((row) => of(row, rows) !== ""));
  const cells = [columns.map(({ head }) => head), ...rows.map((row) => columns.map(({ of }) => of(row, rows)))];
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)));
  const lines = cells.map((line) =>
    line.map((cell, at) => (columns[at]?.left ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))),
  );
  return lines.map((line) => line.join("  ").trimEnd()).join("\n");
}

interface Column {
  readonly head: string;
  readonly left?: boolean;
  readonly always?: boolean;
  of(row: Measured, rows: readonly Measured[]): string;
}

const COLUMNS: readonly Column[] = [
  { head: "", left: true, always: true, of: ({ name }) => name },
  { head: "min", always: true, of: ({ ms }) => number(Math.min(...ms)) },
  { head: "median", always: true, of: ({ ms }) => number(median(ms)) },
  { head: "max ms", always: true, of: ({ ms }) => number(Math.max(...ms)) },
  { head: "CPU ms", of: ({ cpuMs }) => (cpuMs ? number(median(cpuMs)) : "") },
  { head: "us each", of: (row) => (row.count === undefined ? "" : number(eachOf(row, row.by) * 1_000)) },
  { head: "MB", of: ({ mb }) => (mb ? Math.max(...mb).toFixed(0) : "") },
  { head: "x baseline", of: (row, rows) => ratioOf(row, rows)?.toFixed(2) ?? "" },
  { head: "goal", of: goalText },
  { head: "", left: true, of: ({ note = "" }) => note },
];

function goalText(row: Measured, rows: readonly Measured[]): string {
  const ratio = ratioOf(row, rows);
  if (row.goal === undefined || ratio === undefined) return "";
  return `${ratio <= row.goal ? "" : "missed "}${row.goal}`;
}

function number(value: number): string {
  return value.toFixed(value < 10 ? 1 : 0);
}
