import { isRecord } from "@maand/core/operator";

/** What a machine has, in whole MB and MHz. */
export interface Facts {
  readonly memoryMb: number;
  readonly cpuMhz: number;
}

/** Prints what {@link readFacts} reads; for a POSIX shell. Where there is no clock of a core, its largest one counts. */
export const FACTS_SCRIPT = [
  "grep '^MemTotal:' /proc/meminfo",
  'echo "online: $(getconf _NPROCESSORS_ONLN 2>/dev/null || nproc)"',
  "grep -i -m 1 '^cpu MHz' /proc/cpuinfo",
  "LC_ALL=C lscpu 2>/dev/null | grep -i 'max mhz'",
  "true",
].join("\n");

/** Reads the facts of a machine; a text names what is missing. */
export function readFacts(output: string): Facts | string {
  const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  const kb = number(/^MemTotal:\s+(\d+) kB/m);
  const online = number(/^online: (\d+)$/m);
  const now = number(/^cpu MHz\s*:\s*([\d.]+)/im);
  const most = number(/^CPU max MHz:\s*([\d.]+)/im);
  const mhz = now > 0 ? now : most;
  if (!(kb > 0)) return "it does not say how much memory it has";
  if (!(online > 0) || !(mhz > 0)) return "it does not say how fast its cpu is";
  return { memoryMb: Math.ceil(kb / 1024), cpuMhz: Math.round(online * mhz) };
}

const ORDER = ["host", "hostname", "labels", "memory", "cpu", "tags", "position"];

/** An entry of `workers.json` with other facts: known keys in their order, all others behind them as they were. */
export function withFacts(entry: unknown, { memoryMb, cpuMhz }: Facts): unknown {
  if (!isRecord(entry)) return entry;
  const all: Record<string, unknown> = { ...entry, memory: `${memoryMb} mb`, cpu: `${cpuMhz} mhz` };
  const keys = [...ORDER.filter((key) => key in all), ...Object.keys(all).filter((key) => !ORDER.includes(key))];
  return Object.fromEntries(keys.filter((key) => !isEmpty(key, all[key])).map((key) => [key, all[key]]));
}

/** A known key that says nothing is left out; what nobody knows is not touched. */
function isEmpty(key: string, value: unknown): boolean {
  if (!ORDER.includes(key) || key === "host") return false;
  return (
    value === "" || (Array.isArray(value) && value.length === 0) || (isRecord(value) && Object.keys(value).length === 0)
  );
}
