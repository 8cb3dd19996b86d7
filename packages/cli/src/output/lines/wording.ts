import { plural, type Style } from "@maand/command";
import type { Outcome } from "@maand/core";

/** The maximum number of workers that one line names; further workers are only counted. */
const NAMED = 3;

/** `61 more workers (10.0.0.4, 10.0.0.5, 10.0.0.6, ...)`. */
export function named(workers: readonly string[]): string {
  const names = workers.slice(0, NAMED).join(", ");
  return `${plural(workers.length, "more worker")} (${names}${workers.length > NAMED ? ", ..." : ""})`;
}

/** An outcome as a word: `ok`, `failed`, `timed out`. */
export function outcomeWord(outcome: Outcome, style: Style): string {
  return outcome === "ok" ? style.good("ok") : style.bad(outcome.replace("_", " "));
}
