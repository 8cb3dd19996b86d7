import { isRecord } from "@maand/core/operator";

/** The memory and CPU of a machine, in whole MB and MHz. */
export interface Facts {
  readonly memoryMb: number;
  readonly cpuMhz: number;
}

/**
 * Prints the input of {@link readFacts}, in a POSIX shell. If the current clock rate of a core is unknown, prints the
 * maximum clock rate.
 */
export const FACTS_SCRIPT = [
  "grep '^MemTotal:' /proc/meminfo",
  'echo "online: $(getconf _NPROCESSORS_ONLN 2>/dev/null || nproc)"',
  "grep -i -m 1 '^cpu MHz' /proc/cpuinfo",
  "LC_ALL=C lscpu 2>/dev/null | grep -i 'max mhz'",
  "true",
].join("\n");

/** Parses the facts of a machine; returns a sentence about the missing fact if they are incomplete. */
export function readFacts(output: string): Facts | string {
  const number = (pattern: RegExp) => Number(pattern.exec(output)?.[1] ?? Number.NaN);
  const kb = number(/^MemTotal:\s+(\d+) kB/m);
  const online = number(/^online: (\d+)$/m);
  const now = number(/^cpu MHz\s*:\s*([\d.]+)/im);
  const most = number(/^CPU max MHz:\s*([\d.]+)/im);
  const mhz = now > 0 ? now : most;
  if (!(kb > 0)) return "its memory size is unknown";
  if (!(online > 0) || !(mhz > 0)) return "its CPU speed is unknown";
  return { memoryMb: Math.ceil(kb / 1024), cpuMhz: Math.round(online * mhz) };
}

const ORDER = ["host", "hostname", "labels", "memory", "cpu", "tags", "position"];

/** An entry of `workers.json` with new facts: known keys in their usual order, then all other keys unchanged. */
export function withFacts(entry: unknown, { memoryMb, cpuMhz }: Facts): unknown {
  if (!isRecord(entry)) return entry;
  const all: Record<string, unknown> = { ...entry, memory: `${memoryMb} mb`, cpu: `${cpuMhz} mhz` };
  const keys = [...ORDER.filter((key) => key in all), ...Object.keys(all).filter((key) => !ORDER.includes(key))];
  return Object.fromEntries(keys.filter((key) => !isEmpty(key, all[key])).map((key) => [key, all[key]]));
}

/** Omits a known key without a value; leaves unknown keys unchanged. */
function isEmpty(key: string, value: unknown): boolean {
  if (!ORDER.includes(key) || key === "host") return false;
  return (
    value === "" || (Array.isArray(value) && value.length === 0) || (isRecord(value) && Object.keys(value).length === 0)
  );
}
