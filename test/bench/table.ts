/** One measured thing: its name, its times in milliseconds, and what they are held against. */
export interface Measured {
  readonly name: string;
  readonly ms: readonly number[];
  readonly note?: string;
}

/** The middle of some times. */
export function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Lines of a table: name, least, median and most milliseconds, note. */
export function tableOf(rows: readonly Measured[]): string {
  const width = Math.max(...rows.map(({ name }) => name.length));
  const number = (value: number) => value.toFixed(value < 10 ? 1 : 0).padStart(9);
  const head = `${"".padEnd(width)}${"least".padStart(9)}${"median".padStart(9)}${"most".padStart(9)}  ms`;
  const lines = rows.map(({ name, ms, note = "" }) =>
    `${name.padEnd(width)}${number(Math.min(...ms))}${number(median(ms))}${number(Math.max(...ms))}  ${note}`.trimEnd(),
  );
  return [head, ...lines].join("\n");
}
