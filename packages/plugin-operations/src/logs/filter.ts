import { type LogFields, readLogLine } from "@maand/core/readonly";
import type { StoredLine } from "./stored-lines.ts";

/** Which lines are wanted: of each kind, one of these; all kinds must agree. An empty list lets everything pass. */
export interface LogFilter {
  readonly run: readonly string[];
  readonly worker: readonly string[];
  readonly job: readonly string[];
  readonly phase: readonly string[];
  readonly event: readonly string[];
}

/** Kinds for which the beginning of a name is enough. */
const BY_BEGINNING: ReadonlySet<string> = new Set(["run", "worker", "job"]);

/**
 * Makes the question whether a line is wanted. `run`, `worker` and `job` hold if the value is it, begins with it, or has it
 * among its parts with commas; `phase` and `event` only if it is it. A name somebody has (`isKnown`) means that one and
 * not what begins like it.
 */
export function logFilter(filter: LogFilter, isKnown: (name: string) => boolean): (line: StoredLine) => boolean {
  const kinds = Object.entries(filter).filter((entry): entry is [string, string[]] => entry[1].length > 0);
  if (kinds.length === 0) return () => true;
  return (line) => {
    if (line.bare) return false;
    // most lines are left out, and need not be understood for that
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
