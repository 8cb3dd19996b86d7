import type { TracedCall } from "./tracer.ts";

/** A track of the viewer, whose calls contain each other or follow each other. */
interface Lane {
  readonly tid: number;
  /** When the calls end that the next one may be inside of, the innermost last. */
  readonly open: number[];
}

/** The lanes of each unit. */
export type Lanes = Map<string, Lane[]>;

/**
 * The number of the lane for a call, of which the callers come first. Calls of one unit that overlap, because a plugin made
 * them in parallel, need more than one: a viewer shows overlapping bars of one track wrongly.
 */
export function laneOf(lanes: Lanes, { unit, startMs, endMs = Number.POSITIVE_INFINITY }: TracedCall): number {
  const own = lanes.get(unit) ?? [];
  lanes.set(unit, own);
  for (const { open } of own) while (open.length > 0 && (open.at(-1) ?? 0) <= startMs) open.pop();
  const free = own.find(({ open }) => (open.at(-1) ?? Number.POSITIVE_INFINITY) >= endMs);
  const lane = free ?? { tid: 1 + [...lanes.values()].flat().length, open: [] };
  if (!free) own.push(lane);
  lane.open.push(endMs);
  return lane.tid;
}
