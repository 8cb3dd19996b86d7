import { type LogFields, readLogLine } from "@maand/core/readonly";
import type { StoredLine } from "./stored-lines.ts";

/** The wanted lines. A line must match one value of each kind; an empty list matches every line. */
export interface LogFilter {
  readonly run: readonly string[];
  readonly worker: readonly string[];
  readonly job: readonly string[];
  readonly phase: readonly string[];
  readonly event: readonly string[];
}

/** Kinds that also match by prefix. */
const BY_BEGINNING: ReadonlySet<string> = new Set(["run", "worker", "job"]);

/**
 * Returns a function that decides whether a line is wanted. `run`, `worker` and `job` match the whole value, a prefix
 * of it, or one of its comma-separated parts; `phase` and `event` match the whole value only. The name of an existing
 * job or worker (`isKnown`) matches only itself, not longer names.
 */
export function logFilter(filter: LogFilter, isKnown: (name: string) => boolean): (line: StoredLine) => boolean {
  const kinds = Object.entries(filter).filter((entry): entry is [string, string[]] => entry[1].length > 0);
  if (kinds.length === 0) return () => true;
  return (line) => {
    if (line.bare) return false;
    // most lines do not match, so they are not parsed
    if (!kinds.every(([, wanted]) => wanted.some((word) => line.text.includes(word)))) return false;
    const fields = readLogLine(line.text);
    return fields !== undefined && kinds.every(([kind, wanted]) => wanted.some((word) => holds(fields, kind, word)));
  };

  function holds(fields: LogFields, kind: string, word: string): boolean {
    const value = String(fields[kind] ?? "");
    if (value === word) return true;
    if (!BY_BEGINNING.has(kind)) return false;
    const parts = value.split(",");
    return parts.includes(word) || (!isKnown(word) && parts.some((part) => part.startsWith(word)));
  }
}
