import type { Run } from "../run/run.ts";

/**
 * Allocations that the operator stopped with `maand job stop` and that have not been seen running since. They remain
 * stopped.
 */
export function stoppedByHand({ bucket }: Pick<Run, "bucket">): ReadonlySet<string> {
  const stops = bucket.store.downtimes.all().filter(({ kind }) => kind === "stop");
  return new Set(stops.map(({ allocation }) => allocation));
}
