import { duration, plural } from "@maand/command";
import type { Progress } from "../progress/model.ts";

/** The number of steps that are named; the others are counted. */
const NAMED = 3;

/**
 * The line that is printed if nothing else was printed for a while: `still running after 1m30s (wave 1): restart api on
 * 10.0.0.1 (45.0s)`.
 */
export function heartbeatLine({ command, wave, since, underWay }: Progress, now: number): string {
  const steps = [...underWay.values()].sort((one, other) => one.since - other.since);
  const named = steps.slice(0, NAMED).map(({ what, worker, since: begun }) => {
    const where = worker === undefined ? "" : ` on ${worker}`;
    return `${what}${where} (${duration(now - begun)})`;
  });
  const more = steps.length > NAMED ? ` and ${plural(steps.length - NAMED, "more step")}` : "";
  const phase = wave === 0 ? command : `wave ${wave}`;
  const what = named.length === 0 ? "" : `: ${named.join(", ")}${more}`;
  return `still running after ${duration(now - since)} (${phase})${what}`;
}
